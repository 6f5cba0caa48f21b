package import MatrixIdentifiers
package import RoomEvents

/// A room's state: which event stands for each type and state key.
package typealias StateMap = [StateTuple: EventID]
