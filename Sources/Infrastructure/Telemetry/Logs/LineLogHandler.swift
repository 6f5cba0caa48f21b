package import Logging

/// Writes each record as one line.
package struct LineLogHandler: LogHandler {
  /// Bytes of a message or a value past which the rest is cut off.
  private static let maximumText = 8192

  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private var ownLevel: Logger.Level?
  private let label: String
  private let instance: String
  private let format: LogFormat
  private let levels: LogLevels
  private let sink: LogSink

  package init(
    label: String, instance: String, format: LogFormat, levels: LogLevels, sink: LogSink
  ) {
    self.label = label
    self.instance = instance
    self.format = format
    self.levels = levels
    self.sink = sink
  }

  package var logLevel: Logger.Level {
    get { ownLevel ?? levels.current }
    set { ownLevel = newValue }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let now = LogTimestamp.now()
    sink.write { line in
      switch format {
      case .text: composeText(event, at: now, into: &line)
      case .json: composeJSON(event, at: now, into: &line)
      }
    }
  }

  private func composeText(_ event: LogEvent, at now: Int64, into line: inout [UInt8]) {
    LogTimestamp.append(now, to: &line)
    line.append(UInt8(ascii: " "))
    line.append(contentsOf: Self.textName(event.level).utf8)
    line.append(UInt8(ascii: " "))
    line.append(contentsOf: instance.utf8)
    line.append(UInt8(ascii: " "))
    line.append(contentsOf: label.utf8)
    let context = standing
    if !context.isEmpty {
      line.append(contentsOf: " [".utf8)
      for (index, (key, value)) in context.enumerated() {
        if index > 0 { line.append(UInt8(ascii: " ")) }
        Self.appendPair(key, value, to: &line)
      }
      line.append(UInt8(ascii: "]"))
    }
    line.append(UInt8(ascii: " "))
    LogEscaping.appendFree(Self.cut(event.message.description), to: &line)
    for (key, value) in details(of: event) {
      line.append(UInt8(ascii: " "))
      Self.appendPair(key, value, to: &line)
    }
  }

  private func composeJSON(_ event: LogEvent, at now: Int64, into line: inout [UInt8]) {
    line.append(contentsOf: "{\"time\":\"".utf8)
    LogTimestamp.append(now, to: &line)
    line.append(contentsOf: "\",\"level\":\"".utf8)
    line.append(contentsOf: event.level.rawValue.utf8)
    line.append(contentsOf: "\",\"instance\":".utf8)
    LogEscaping.appendQuoted(instance, to: &line)
    line.append(contentsOf: ",\"logger\":".utf8)
    LogEscaping.appendQuoted(label, to: &line)
    line.append(contentsOf: ",\"message\":".utf8)
    LogEscaping.appendQuoted(Self.cut(event.message.description), to: &line)
    let merged = Dictionary(standing + details(of: event)) { _, later in later }
    if !merged.isEmpty {
      line.append(contentsOf: ",\"fields\":{".utf8)
      for (index, (key, value)) in merged.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        LogEscaping.appendQuoted(key, to: &line)
        line.append(UInt8(ascii: ":"))
        LogEscaping.appendQuoted(Self.cut(value.description), to: &line)
      }
      line.append(UInt8(ascii: "}"))
    }
    line.append(UInt8(ascii: "}"))
  }

  private typealias Pairs = [(String, Logger.Metadata.Value)]

  /// What the logger carries from record to record.
  private var standing: Pairs {
    guard let provided = metadataProvider?.get(), !provided.isEmpty else {
      return Self.sorted(metadata)
    }
    return Self.sorted(metadata.merging(provided) { own, _ in own })
  }

  private func details(of event: LogEvent) -> Pairs {
    var pairs = event.metadata.map(Self.sorted) ?? []
    if let error = event.error { pairs.append(("error", .string("\(error)"))) }
    return pairs
  }

  private static func sorted(_ metadata: Logger.Metadata) -> Pairs {
    guard metadata.count > 1 else { return metadata.map { ($0.key, $0.value) } }
    return metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func appendPair(
    _ key: String, _ value: Logger.Metadata.Value, to line: inout [UInt8]
  ) {
    LogEscaping.appendFree(key, to: &line)
    line.append(UInt8(ascii: "="))
    LogEscaping.appendValue(cut(value.description), to: &line)
  }

  private static func cut(_ text: String) -> String {
    guard text.utf8.count > maximumText else { return text }
    return String(decoding: text.utf8.prefix(maximumText), as: UTF8.self) + "..."
  }

  private static func textName(_ level: Logger.Level) -> String {
    switch level {
    case .trace: "TRACE"
    case .debug: "DEBUG"
    case .info: "INFO "
    case .notice: "NOTICE"
    case .warning: "WARN "
    case .error: "ERROR"
    case .critical: "CRIT "
    }
  }
}
