package import Streams

/// A position of all the streams that /sync tells of, as clients carry it: `s<events>`, then a
/// position for each of `parts` after `_`, and at the end `k` with what the device knows of
/// members, if that is kept.
package struct SyncToken: Sendable, Hashable {
  /// The streams beside events, in the order of the text. New ones are added at the end.
  static let parts: [StreamName] = [
    .accountData, .receipts, .toDevice, .deviceLists, .pushRules, .typing, .presence,
  ]

  package var events: VectorToken
  private var others: [StreamName: VectorToken]
  /// See `ToldMembers`.
  var knowledge: UInt64?

  package init(events: VectorToken, others: [StreamName: VectorToken] = [:]) {
    self.events = events
    self.others = others.filter { $0.value != VectorToken(minimum: 0) }
  }

  /// The beginning of the stream when the token is older than the stream.
  package subscript(_ stream: StreamName) -> VectorToken {
    get {
      stream == .events ? events : others[stream] ?? VectorToken(minimum: 0)
    }
    set {
      if stream == .events { events = newValue } else { others[stream] = newValue }
    }
  }

  /// This position, but of no stream an earlier one than `other`'s: where a worker that does not
  /// know yet what its streams say goes on without them, the client's token stays.
  func notBehind(_ other: SyncToken) -> SyncToken {
    var token = self
    for stream in Self.parts where !other[stream].isCovered(by: self[stream]) {
      token[stream] = other[stream]
    }
    return token
  }

  /// Parts of streams that this version does not know are left out.
  package init?(_ text: String) {
    guard text.first == "s" else { return nil }
    var texts = text.dropFirst().split(separator: "_", omittingEmptySubsequences: false)
    var knowledge: UInt64?
    if let last = texts.last, last.first == "k" {
      guard let number = UInt64(last.dropFirst(), radix: 16) else { return nil }
      knowledge = number
      texts.removeLast()
    }
    guard let first = texts.first, let events = VectorToken(String(first)) else { return nil }
    var others: [StreamName: VectorToken] = [:]
    for (stream, part) in zip(Self.parts, texts.dropFirst()) {
      guard let token = VectorToken(String(part)) else { return nil }
      others[stream] = token
    }
    self.init(events: events, others: others)
    self.knowledge = knowledge
  }

  package var text: String {
    let positions = Self.parts.reduce("s\(events.description)") {
      "\($0)_\(self[$1].description)"
    }
    return knowledge.map { "\(positions)_k\(String($0, radix: 16))" } ?? positions
  }
}
