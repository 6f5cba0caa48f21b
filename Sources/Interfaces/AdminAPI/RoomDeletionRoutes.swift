package import Accounts
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON
package import RoomRemoval
package import Rooms
import TaskScheduler

/// How long the older form of deletion, which answers at the end, waits for it.
private let longestWait = Duration.seconds(120)

/// Synapse's API for deleting and blocking rooms.
package func roomDeletionRoutes(
  _ deletions: ScheduleDeletion, _ blocked: BlockedRooms, _ authenticator: Authenticator
) -> [Route] {
  let admin = AdminOnly(authenticator)
  return [
    adminRoute(
      "admin_delete_room", .delete, "/v2/rooms/{roomId}",
      admin { requester, request in
        let room = try roomID(in: request)
        let deletion = try deletion(try request.json(), by: requester.userID)
        guard let id = try await deletions.schedule(room, deletion) else {
          throw MatrixError.badRequest("Purge already in progress for \(room.text)")
        }
        return .json(200, ["delete_id": .string(id)])
      }),
    adminRoute(
      "admin_delete_room_and_wait", .delete, "/v1/rooms/{roomId}",
      admin { requester, request in
        let room = try roomID(in: request)
        let deletion = try deletion(try request.json(), by: requester.userID)
        guard let id = try await deletions.schedule(room, deletion) else {
          throw MatrixError.badRequest("Purge already in progress for \(room.text)")
        }
        let task = try await deletions.end(of: id, within: longestWait)
        guard task.status == .complete else {
          throw MatrixError(
            status: 500, code: .unknown, message: task.error ?? "the deletion goes on: \(id)")
        }
        return .json(200, outcome(task))
      }),
    adminRoute(
      "admin_room_deletions", .get, "/v2/rooms/{roomId}/delete_status",
      admin { request in
        let all = try await deletions.deletions(of: try roomID(in: request))
        guard !all.isEmpty else { throw MatrixError.notFound("No delete task for this room") }
        return .json(200, ["results": .array(all.map { status($0, withID: true) })])
      }),
    adminRoute(
      "admin_room_deletion", .get, "/v2/rooms/delete_status/{deleteId}",
      admin { request in
        let id = try storable(request.path("deleteId"), "delete_id")
        guard let task = try await deletions.deletion(id) else {
          throw MatrixError.notFound("There is no such deletion")
        }
        return .json(200, status(task, withID: false))
      }),
    adminRoute(
      "admin_room_block", .get, "/v1/rooms/{roomId}/block",
      admin { request in
        guard let user = try await blocked.blocker(of: try roomID(in: request)) else {
          return .json(200, ["block": false])
        }
        return .json(200, ["block": true, "user_id": .string(user.text)])
      }),
    adminRoute(
      "admin_block_room", .put, "/v1/rooms/{roomId}/block",
      admin { requester, request in
        let room = try roomID(in: request)
        guard let blocks = try request.json().optionalBool("block") else {
          throw MatrixError.missingParam("block")
        }
        if blocks {
          try await blocked.block(room, by: requester.userID)
        } else {
          try await blocked.unblock(room)
        }
        return .json(200, ["block": .bool(blocks)])
      }),
  ]
}

private func deletion(_ body: JSONView, by requester: UserID) throws(MatrixError) -> RoomDeletion {
  var owner: UserID?
  if let text = try body.optionalString("new_room_user_id") {
    owner = UserID(text)
    guard owner != nil else { throw .invalidParam("new_room_user_id is not a valid user ID") }
  }
  return RoomDeletion(
    requester: requester, newRoomOwner: owner,
    newRoomName: try body.optionalString("room_name"),
    message: try body.optionalString("message"),
    blocks: try body.optionalBool("block") ?? false,
    purges: try body.optionalBool("purge") ?? true,
    forcesPurge: try body.optionalBool("force_purge") ?? false)
}

private func status(_ task: ScheduledTask, withID: Bool) -> JSON {
  var answer: [String: JSON] = [
    "status": .string(task.shownStatus), "shutdown_room": outcome(task),
  ]
  if withID { answer["delete_id"] = .string(task.id) }
  if let error = task.error { answer["error"] = .string(error) }
  return .object(answer)
}

/// What has become of the room's members and names.
private func outcome(_ task: ScheduledTask) -> JSON {
  let document = task.result.flatMap { try? JSONDocument(Array($0.utf8)) }
  let progress = document.map { DeletionProgress($0.root) }
  return [
    "kicked_users": names(progress?.kicked), "failed_to_kick_users": names(progress?.failed),
    "local_aliases": .array((progress?.aliases ?? []).map { .string($0) }),
    "new_room_id": progress?.newRoom.map { .string($0.text) } ?? .null,
  ]
}

private func names(_ users: [UserID]?) -> JSON {
  .array((users ?? []).map { .string($0.text) })
}
