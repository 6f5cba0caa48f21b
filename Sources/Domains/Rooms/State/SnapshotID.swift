/// Names the state of a room at a point of its history: a layer, and which of its changes is the
/// last that counts.
package struct SnapshotID: Hashable, Sendable {
  private static let indexBits = 6
  /// Changes that a layer has at most, so that layer and index fit into one number.
  package static let changesPerLayer = 1 << indexBits

  package let layer: Int64
  /// From 0 on.
  package let index: Int

  package init(layer: Int64, index: Int) {
    self.layer = layer
    self.index = index
  }

  /// From the form in which it is stored; SQL gets the layer by `>> 6`.
  package init(raw: Int64) {
    layer = raw >> Self.indexBits
    index = Int(raw & Int64(Self.changesPerLayer - 1))
  }

  package var raw: Int64 {
    layer << Self.indexBits | Int64(index)
  }
}
