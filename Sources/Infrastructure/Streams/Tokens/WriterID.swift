/// A process that writes streams: its row in table `instances`.
package struct WriterID: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let raw: Int32

  package init(raw: Int32) {
    self.raw = raw
  }

  package static func < (left: WriterID, right: WriterID) -> Bool {
    left.raw < right.raw
  }

  package var description: String {
    String(raw)
  }
}
