package import MatrixIdentifiers

/// What the auth chains add to a conflict. `AuthGraph` works it out in memory; an index in a
/// database can give it as well.
package struct ChainConflict: Sendable, Equatable {
  /// The events in the auth chains of some states and not of all. A state's chain is made of what
  /// its events cite, directly or not, of the unconflicted events too; an event is not by itself
  /// in its own chain. It makes no difference whether events of the states themselves are left out
  /// or not: `FullConflictedSet` says why.
  ///
  /// spec: rooms/v2#definitions, auth difference
  package let difference: Set<EventID>
  /// All events on ways along `auth_events` from one event of the conflicted state set to
  /// another. The ends may be in it or not. Not asked before room version 12.
  ///
  /// spec: rooms/v12#definitions, conflicted state subgraph
  package let subgraph: Set<EventID>

  package init(difference: Set<EventID>, subgraph: Set<EventID>) {
    self.difference = difference
    self.subgraph = subgraph
  }
}
