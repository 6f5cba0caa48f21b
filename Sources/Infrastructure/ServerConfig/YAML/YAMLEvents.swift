import CLibYAML

package struct YAMLError: Error, Sendable, Equatable {
  package let location: SourceLocation
  package let reason: String
}

/// One event of libyaml, copied out of the memory that libyaml owns.
struct YAMLEvent {
  struct Scalar {
    let text: String
    let tag: String?
    /// Neither quoted nor tagged, so that its type follows from its spelling.
    let isPlain: Bool
  }

  enum Kind {
    case start
    case documentStart
    case documentEnd
    case streamEnd
    case alias(String)
    case scalar(Scalar)
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd
  }

  let kind: Kind
  let anchor: String?
  let location: SourceLocation
}

/// Pulls events from libyaml. The bytes must outlive it, which its only maker sees to.
struct YAMLEventSource: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let file: String
  /// The end of the file lies behind its last line for libyaml.
  private let lines: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) throws(YAMLError) {
    parser = .allocate(capacity: 1)
    self.file = file
    let ends = bytes.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    lines = ends + (bytes.last == UInt8(ascii: "\n") ? 0 : 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      throw YAMLError(location: SourceLocation(file: file, line: 1), reason: "out of memory")
    }
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  func next() throws(YAMLError) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
    defer { yaml_event_delete(&event) }
    return YAMLEvent(
      kind: Self.kind(event), anchor: Self.anchor(event),
      location: SourceLocation(file: file, line: Int(event.start_mark.line) + 1))
  }

  private func syntaxError() -> YAMLError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
    let context = parser.pointee.context.map { String(cString: $0) + ": " } ?? ""
    let line = min(Int(parser.pointee.problem_mark.line) + 1, lines)
    return YAMLError(
      location: SourceLocation(file: file, line: line), reason: context + problem)
  }

  private static func kind(_ event: yaml_event_t) -> YAMLEvent.Kind {
    switch event.type {
    case YAML_DOCUMENT_START_EVENT: .documentStart
    case YAML_DOCUMENT_END_EVENT: .documentEnd
    case YAML_STREAM_END_EVENT: .streamEnd
    case YAML_ALIAS_EVENT: .alias(text(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT: .scalar(scalar(event))
    case YAML_SEQUENCE_START_EVENT: .sequenceStart
    case YAML_SEQUENCE_END_EVENT: .sequenceEnd
    case YAML_MAPPING_START_EVENT: .mappingStart
    case YAML_MAPPING_END_EVENT: .mappingEnd
    default: .start
    }
  }

  private static func scalar(_ event: yaml_event_t) -> YAMLEvent.Scalar {
    let scalar = event.data.scalar
    let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
    return YAMLEvent.Scalar(
      text: String(decoding: bytes, as: UTF8.self), tag: text(scalar.tag),
      isPlain: scalar.plain_implicit == 1)
  }

  private static func anchor(_ event: yaml_event_t) -> String? {
    switch event.type {
    case YAML_SCALAR_EVENT: text(event.data.scalar.anchor)
    case YAML_SEQUENCE_START_EVENT: text(event.data.sequence_start.anchor)
    case YAML_MAPPING_START_EVENT: text(event.data.mapping_start.anchor)
    default: nil
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(decodingCString: $0, as: UTF8.self) }
  }
}
