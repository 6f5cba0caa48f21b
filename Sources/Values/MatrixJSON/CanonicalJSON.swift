/// Which numbers canonical JSON may hold.
package enum CanonicalNumbers: Sendable {
  /// Integers in ±(2^53-1) without fraction and exponent: all that events may have from room
  /// version 6 on. spec: rooms/v6#canonical-json
  case plainIntegers
  /// Those integers however they are spelled: 1e10 is written as 10000000000.
  ///
  /// spec: appendices#canonical-json, the last example
  case integers
  /// All, for events older than room version 6: integers of any length as they are, others as
  /// `JSONNumber` writes them, since such events were hashed in that form.
  ///
  /// spec: rooms/v1#canonical-json
  case all
}

/// Canonical JSON of a value: sorted keys, shortest escapes, no whitespace, `-0` as 0.
///
/// Of repeated keys the last one counts. What is canonical already is copied as it is.
///
/// spec: appendices#canonical-json
/// - Parameter dropping: members of the value itself, not of inner ones, that are left out.
/// - Throws: `.notCanonicalNumber` for a number that may not be there.
package func canonicalJSON(
  _ view: JSONView, dropping: Set<String> = [], numbers: CanonicalNumbers = .integers
) throws(JSONError) -> [UInt8] {
  let dropped = view.kind == .object ? dropping.compactMap(view.find) : []
  if view.isCanonical, dropped.isEmpty {
    return view.rawBytes.count == view.storage.bytes.count
      ? view.storage.bytes : Array(view.rawBytes)
  }
  var canonicaliser = Canonicaliser(
    view.storage, numbers: numbers, capacity: view.rawBytes.count)
  if view.kind == .object {
    canonicaliser.beginObject(view.index, without: dropped)
  } else {
    canonicaliser.steps.append(.value(view.index))
  }
  return try canonicaliser.run()
}

/// Writes one value of a document without recursion: what is still to do is a stack of steps.
private struct Canonicaliser {
  enum Step {
    case value(Int)
    case key(Int)
    case byte(UInt8)
  }

  let storage: JSONStorage
  let numbers: CanonicalNumbers
  var output: [UInt8] = []
  var steps: [Step] = []

  /// - Parameter capacity: only a number with an exponent can need more than its source.
  init(_ storage: JSONStorage, numbers: CanonicalNumbers, capacity: Int) {
    self.storage = storage
    self.numbers = numbers
    output.reserveCapacity(capacity)
  }

  mutating func run() throws(JSONError) -> [UInt8] {
    while let step = steps.popLast() {
      switch step {
      case .byte(let byte):
        output.append(byte)
      case .key(let key):
        string(storage.tape[key])
        output.append(UInt8(ascii: ":"))
        try value(key + 1)
      case .value(let index):
        try value(index)
      }
    }
    return output
  }

  private mutating func value(_ index: Int) throws(JSONError) {
    let entry = storage.tape[index]
    if entry.flags.contains(.canonical) {
      output.append(contentsOf: storage.bytes[entry.range])
      return
    }
    switch entry.kind {
    case .object: beginObject(index, without: [])
    case .array: beginArray(index)
    case .string: string(entry)
    case .number: try number(entry)
    case .null, .bool:
      output.append(contentsOf: storage.bytes[entry.range])
    }
  }

  private mutating func number(_ entry: TapeEntry) throws(JSONError) {
    // An integer that is not canonical is minus zero.
    if entry.flags.contains(.integer) { return output.append(UInt8(ascii: "0")) }
    let text = storage.bytes[entry.range]
    switch numbers {
    case .plainIntegers: break
    case .integers:
      if let integer = JSONNumber.integer(text) {
        return output.append(contentsOf: String(integer).utf8)
      }
    case .all: return JSONNumber.write(text, to: &output)
    }
    throw .notCanonicalNumber(offset: entry.offset)
  }

  mutating func beginObject(_ object: Int, without dropped: [Int]) {
    output.append(UInt8(ascii: "{"))
    var keys = storage.tape[object].flags.contains(.sorted) ? keysInOrder(object) : sorted(object)
    if !dropped.isEmpty { keys.removeAll(where: dropped.contains) }
    steps.append(.byte(UInt8(ascii: "}")))
    for (place, key) in keys.enumerated().reversed() {
      steps.append(.key(key))
      if place > 0 { steps.append(.byte(UInt8(ascii: ","))) }
    }
  }

  private mutating func beginArray(_ array: Int) {
    output.append(UInt8(ascii: "["))
    steps.append(.byte(UInt8(ascii: "]")))
    let bottom = steps.count
    var index = array + 1
    while index < storage.tape[array].next {
      if steps.count > bottom { steps.append(.byte(UInt8(ascii: ","))) }
      steps.append(.value(index))
      index = Int(storage.tape[index].next)
    }
    steps[bottom...].reverse()
  }

  private func keysInOrder(_ object: Int) -> [Int] {
    var keys: [Int] = []
    keys.reserveCapacity(Int(storage.tape[object].count))
    var index = object + 1
    while index < storage.tape[object].next {
      keys.append(index)
      index = Int(storage.tape[index + 1].next)
    }
    return keys
  }

  private func sorted(_ object: Int) -> [Int] {
    storage.bytes.withUnsafeBufferPointer { text in
      var order = KeyOrder(
        object: object, end: Int(storage.tape[object].next), tape: storage.tape, text: text)
      return order.lastOfEach(text)
    }
  }

  private mutating func string(_ entry: TapeEntry) {
    guard !entry.flags.contains(.canonical) else {
      output.append(contentsOf: storage.bytes[entry.range])
      return
    }
    output.append(UInt8(ascii: "\""))
    storage.bytes.withUnsafeBufferPointer { text in
      let raw = UnsafeBufferPointer(rebasing: text[entry.textRange])
      EscapedText.unescaped(raw).withUnsafeBufferPointer { EscapedText.escape($0, into: &output) }
    }
    output.append(UInt8(ascii: "\""))
  }
}
