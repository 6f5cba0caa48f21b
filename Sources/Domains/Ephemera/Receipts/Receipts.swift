package import Executors
package import MatrixIdentifiers
import MatrixJSON
package import Rooms
package import Streams

package enum ReceiptError: Error, Sendable, Equatable {
  case notInRoom
  case invalidThread
  /// The event is in another thread, or in none.
  case otherThread
}

/// Users telling what they have read.
package struct Receipts: Sendable {
  /// spec: client-server-api#mfully_read
  static let fullyReadType = "m.fully_read"
  private static let mainThread = "main"

  private let owner: any StreamOwner
  private let accountData: AccountData
  private let memberships: MembershipStore
  private let threads: ThreadMembership
  private let clock: any WallClock

  package init(
    owner: any StreamOwner, accountData: AccountData, memberships: MembershipStore,
    threads: ThreadMembership, clock: any WallClock
  ) {
    self.threads = threads
    self.owner = owner
    self.accountData = accountData
    self.memberships = memberships
    self.clock = clock
  }

  /// - Throws: `ReceiptError`, `OwnerError`.
  package func set(
    _ type: ReceiptType, of user: UserID, in room: RoomID, to event: EventID, thread: String?
  ) async throws {
    let root = thread.flatMap { EventID($0) }
    guard thread == nil || thread == Self.mainThread || root != nil else {
      throw ReceiptError.invalidThread
    }
    try await checkMembership(user, room)
    if thread != nil, try await !threads.mayBeRead(event, inThread: root, of: room) {
      throw ReceiptError.otherThread
    }
    let receipt = Receipt(
      roomID: room, type: type, userID: user, threadID: thread, eventID: event,
      timestamp: clock.now())
    _ = try await owner.call(
      OwnerCall(
        stream: .receipts, action: ReceiptOwner.set, key: room.text, body: receipt.encoded))
  }

  /// Moves the marker up to which the user has looked at everything.
  package func setFullyRead(
    to event: EventID, of user: UserID, in room: RoomID
  ) async throws {
    try await checkMembership(user, room)
    try await accountData.put(
      AccountDataRow(
        userID: user, roomID: room, type: Self.fullyReadType,
        content: JSON.object(["event_id": .string(event.text)]).bytes))
  }

  private func checkMembership(_ user: UserID, _ room: RoomID) async throws {
    guard try await memberships.membership(of: user, in: room)?.membership == "join" else {
      throw ReceiptError.notInRoom
    }
  }
}
