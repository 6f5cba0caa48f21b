package import MatrixIdentifiers
import MatrixJSON
package import Streams

package enum AccountDataError: Error, Sendable, Equatable {
  case notFound
  /// The type is kept by the server itself and has endpoints of its own.
  case reservedType(String)
  case tooLong(String)
}

/// What users store with their account: whatever their clients agree on, and tags of rooms.
/// spec: client-server-api#client-config
package struct AccountData: Sendable {
  /// Bytes of a type or of a tag.
  static let nameLimit = 255
  private static let reservedTypes: Set<String> = ["m.fully_read", "m.push_rules"]

  private let store: AccountDataStore
  private let owner: any StreamOwner

  package init(store: AccountDataStore, owner: any StreamOwner) {
    self.store = store
    self.owner = owner
  }

  /// - Parameter content: a JSON object.
  package func set(
    _ type: String, of user: UserID, room: RoomID?, to content: [UInt8]
  ) async throws {
    guard !Self.reservedTypes.contains(type) else { throw AccountDataError.reservedType(type) }
    guard type.utf8.count <= Self.nameLimit else { throw AccountDataError.tooLong("type") }
    try await put(AccountDataRow(userID: user, roomID: room, type: type, content: content))
  }

  /// Of any type, for the server's own use.
  package func put(_ row: AccountDataRow) async throws {
    _ = try await owner.call(
      OwnerCall(
        stream: .accountData, action: AccountDataOwner.put, key: row.userID.text,
        body: row.encoded))
  }

  /// - Throws: `AccountDataError.notFound`.
  package func content(
    of type: String, user: UserID, room: RoomID?
  ) async throws -> [UInt8] {
    guard let content = try await store.content(of: user, room: room, type: type) else {
      throw AccountDataError.notFound
    }
    return content
  }

  /// The content of `m.tag`; an object without tags when there are none.
  package func tags(of user: UserID, room: RoomID) async throws -> [UInt8] {
    try await store.content(of: user, room: room, type: TagChange.type)
      ?? Array("{\"tags\":{}}".utf8)
  }

  /// - Parameter info: a JSON object; nil removes the tag.
  package func setTag(
    _ tag: String, of user: UserID, room: RoomID, to info: [UInt8]?
  ) async throws {
    guard tag.utf8.count <= Self.nameLimit else { throw AccountDataError.tooLong("tag") }
    let change = TagChange(userID: user, roomID: room, tag: tag, info: info)
    _ = try await owner.call(
      OwnerCall(
        stream: .accountData, action: AccountDataOwner.changeTag, key: user.text,
        body: change.encoded))
  }
}
