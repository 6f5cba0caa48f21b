package import Streams

/// A position of all the streams that /sync tells of, as clients carry it: `s<events>`, with
/// more parts after `_` as streams are added.
package struct SyncToken: Sendable, Hashable {
  package let events: VectorToken

  package init(events: VectorToken) {
    self.events = events
  }

  package init?(_ text: String) {
    guard text.first == "s" else { return nil }
    guard let events = VectorToken(String(text.dropFirst().prefix { $0 != "_" })) else {
      return nil
    }
    self.events = events
  }

  package var text: String {
    "s\(events.description)"
  }
}
