/// A first-in, first-out queue in one array, with both ends in amortised constant time.
struct Fifo<Element> {
  private var items: [Element?] = []
  private var head = 0

  /// Used slots at the front are given back once there are this many.
  private static var compaction: Int { 64 }
  /// An emptied queue keeps room for this many elements.
  private static var retained: Int { 1024 }

  var isEmpty: Bool { head == items.count }
  var count: Int { items.count - head }
  var first: Element? { isEmpty ? nil : items[head] }

  mutating func append(_ element: Element) {
    items.append(element)
  }

  @discardableResult
  mutating func popFirst() -> Element? {
    guard !isEmpty else { return nil }
    let element = items[head].take()
    head += 1
    if head == items.count {
      items.removeAll(keepingCapacity: items.capacity <= Self.retained)
      head = 0
    } else if head >= Self.compaction, head * 2 >= items.count {
      items.removeFirst(head)
      head = 0
    }
    return element
  }

  /// Empties the queue.
  mutating func removeAll() -> [Element] {
    let rest = items[head...].compactMap { $0 }
    items = []
    head = 0
    return rest
  }
}
