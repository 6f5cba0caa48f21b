package import MatrixIdentifiers
package import PushRules
package import RoomEvents
package import Streams
import Synchronization

/// The device and transaction that sent an event, told to that device alone.
package struct SendingTransaction: Sendable, Hashable {
  package let deviceID: String
  package let transactionID: String

  package init(deviceID: String, transactionID: String) {
    self.deviceID = deviceID
    self.transactionID = transactionID
  }
}

/// An event that has its place in the stream: what the events stream carries and what a
/// worker's memory of recent events holds. Its client form is rendered once, for all readers.
package final class StoredEvent: Sendable {
  package let event: Event
  package let streamOrdering: Int64
  package let writer: WriterID
  /// What it took the place of: see `ReplacedState`. Empty when there was nothing.
  package let replaced: [UInt8]
  /// Further members of `unsigned` that are the same for every reader, as JSON text without the
  /// enclosing braces; empty when there are none.
  package let unsigned: [UInt8]
  package let transaction: SendingTransaction?
  package let redactedBy: EventID?
  /// Of an event that was scheduled: told to its sender alone.
  package let delayID: String?
  /// What it means to the members; only of events that come with the stream, and nil when that is
  /// nothing.
  package let push: EventPush?
  private let children: Atomic<Bool>
  private let rendered = Mutex<[UInt8]?>(nil)
  /// In the forms that some clients ask for instead: at most `formLimit`.
  private let otherForms = Mutex<[EventForm: [UInt8]]>([:])
  private static let formLimit = 4

  package init(
    event: Event, streamOrdering: Int64, writer: WriterID, replaced: [UInt8] = [],
    unsigned: [UInt8] = [], transaction: SendingTransaction? = nil, redactedBy: EventID? = nil,
    delayID: String? = nil, push: EventPush? = nil, mayHaveChildren: Bool = true
  ) {
    self.event = event
    self.streamOrdering = streamOrdering
    self.writer = writer
    self.replaced = replaced
    self.unsigned = unsigned
    self.transaction = transaction
    self.redactedBy = redactedBy
    self.delayID = delayID
    self.push = push
    children = Atomic(mayHaveChildren)
  }

  /// False as long as no other event is known to belong to it, which saves asking for one.
  package var mayHaveChildren: Bool { children.load(ordering: .relaxed) }

  package func noteChild() {
    children.store(true, ordering: .relaxed)
  }

  /// The part of the client form that every reader gets, made at the first call.
  func shared(_ render: (StoredEvent) -> [UInt8]) -> [UInt8] {
    rendered.withLock { cached in
      if let cached { return cached }
      let bytes = render(self)
      cached = bytes
      return bytes
    }
  }

  /// The same in another form than most clients want.
  func shared(in form: EventForm, _ render: (StoredEvent) -> [UInt8]) -> [UInt8] {
    otherForms.withLock { cached in
      if let known = cached[form] { return known }
      let bytes = render(self)
      if cached.count == Self.formLimit { cached.removeAll() }
      cached[form] = bytes
      return bytes
    }
  }
}
