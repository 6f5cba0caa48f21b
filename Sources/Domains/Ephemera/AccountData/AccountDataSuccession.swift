package import MatrixIdentifiers
import MatrixJSON
import Rooms

/// Tags of a room and its place among a user's direct chats go on to the room that replaces it.
package struct AccountDataSuccession: RoomSuccession {
  private static let directChats = "m.direct"

  private let accountData: AccountData

  package init(accountData: AccountData) {
    self.accountData = accountData
  }

  package func follow(_ user: UserID, from old: RoomID, to new: RoomID) async throws {
    let tags = try await JSONDocument(accountData.tags(of: user, room: old)).root["tags"]
    for (tag, info) in tags?.members.map({ ($0.key, Array($0.value.rawBytes)) }) ?? [] {
      try await accountData.setTag(tag, of: user, room: new, to: info)
    }
    guard let direct = try await directChats(of: user, from: old, to: new) else { return }
    try await accountData.set(Self.directChats, of: user, room: nil, to: direct)
  }

  /// With the new room wherever the old one is; nil when nothing changes.
  private func directChats(
    of user: UserID, from old: RoomID, to new: RoomID
  ) async throws -> [UInt8]? {
    let content: [UInt8]
    do {
      content = try await accountData.content(of: Self.directChats, user: user, room: nil)
    } catch AccountDataError.notFound {
      return nil
    }
    guard var chats = JSON(try JSONDocument(content).root).object else { return nil }
    var changed = false
    for (partner, value) in chats {
      guard let rooms = value.array, rooms.contains(.string(old.text)),
        !rooms.contains(.string(new.text))
      else { continue }
      chats[partner] = .array(rooms + [.string(new.text)])
      changed = true
    }
    return changed ? JSON.object(chats).bytes : nil
  }
}
