import MatrixIdentifiers
import RoomEvents
import Rooms

extension SyncEngine {
  /// Shows the events of erased users without their content where the user was not in the room.
  /// One query for all rooms, and none for a user who was in them all the time.
  func hideErased(in plan: inout Plan, _ bundles: inout EventBundles) async throws {
    let slices = plan.joined.map { ($0.0, $0.1.slice) } + plan.left
    let told = Dictionary(grouping: bundles.told, by: \.event.roomID)
    var senders: Set<UserID> = []
    for (room, slice) in slices {
      senders.formUnion(slice.memberships.strangers(among: slice.events + (told[room] ?? [])))
    }
    let erased = try await loader.events.erasedUsers(among: senders)
    guard !erased.isEmpty else { return }
    for index in plan.joined.indices {
      let (room, joined) = plan.joined[index]
      let content = ErasedContent(of: erased, readBy: joined.slice.memberships)
      plan.joined[index].1.show(content)
      bundles = bundles.showing(content, in: room)
    }
    for index in plan.left.indices {
      let (room, slice) = plan.left[index]
      let content = ErasedContent(of: erased, readBy: slice.memberships)
      plan.left[index].1.show(content)
      bundles = bundles.showing(content, in: room)
    }
  }
}
