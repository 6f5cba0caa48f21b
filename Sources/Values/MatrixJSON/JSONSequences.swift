/// The elements of an array in order.
package struct JSONElements: Sequence, IteratorProtocol, Sendable {
  private let storage: JSONStorage
  private var index: Int
  private let end: Int

  init(_ view: JSONView, of kind: JSONView.Kind) {
    storage = view.storage
    index = view.index + 1
    end = view.kind == kind ? Int(view.entry.next) : 0
  }

  package mutating func next() -> JSONView? {
    guard index < end else { return nil }
    defer { index = Int(storage.tape[index].next) }
    return JSONView(storage: storage, index: index)
  }
}

/// The members of an object in the order of the text, with strings for keys.
package struct JSONMembers: Sequence, IteratorProtocol, Sendable {
  var keyed: JSONKeyedViews

  package mutating func next() -> (key: String, value: JSONView)? {
    guard let (key, value) = keyed.next(), let text = key.string else { return nil }
    return (text, value)
  }
}

/// The members of an object in the order of the text; every key is a view of a string.
package struct JSONKeyedViews: Sequence, IteratorProtocol, Sendable {
  var children: JSONElements

  package mutating func next() -> (key: JSONView, value: JSONView)? {
    guard let key = children.next(), let value = children.next() else { return nil }
    return (key, value)
  }
}
