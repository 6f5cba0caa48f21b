package import Streams

/// A position of all the streams that /sync tells of, as clients carry it: `s<events>`, then a
/// position for each of `parts` after `_`.
package struct SyncToken: Sendable, Hashable {
  /// The streams beside events, in the order of the text. New ones are added at the end.
  static let parts: [StreamName] = [
    .accountData, .receipts, .toDevice, .deviceLists, .pushRules, .typing, .presence,
  ]

  package var events: VectorToken
  private var others: [StreamName: VectorToken]

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

  /// Parts of streams that this version does not know are left out.
  package init?(_ text: String) {
    guard text.first == "s" else { return nil }
    let texts = text.dropFirst().split(separator: "_", omittingEmptySubsequences: false)
    guard let first = texts.first, let events = VectorToken(String(first)) else { return nil }
    var others: [StreamName: VectorToken] = [:]
    for (stream, part) in zip(Self.parts, texts.dropFirst()) {
      guard let token = VectorToken(String(part)) else { return nil }
      others[stream] = token
    }
    self.init(events: events, others: others)
  }

  package var text: String {
    Self.parts.reduce("s\(events.description)") { "\($0)_\(self[$1].description)" }
  }
}
