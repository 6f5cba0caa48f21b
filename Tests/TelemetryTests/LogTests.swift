import Glibc
import Logging
import Testing

@testable import Telemetry

@Suite struct LogTests {
  /// What a handler writes to a pipe.
  private static func lines(
    _ format: LogFormat, level: Logger.Level = .info, levels shared: LogLevels? = nil,
    _ body: (inout Logger) -> Void
  ) throws -> [String] {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let levels = shared ?? LogLevels(level)
    let sink = LogSink(descriptor: ends[1])
    var logger = Logger(label: "http") { label in
      LineLogHandler(
        label: label, instance: "worker1", format: format, levels: levels, sink: sink)
    }
    body(&logger)
    close(ends[1])
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    close(ends[0])
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private struct Odd: Error {}

  @Test func textLinesHaveTheirParts() throws {
    let lines = try Self.lines(.text) { logger in
      logger.info("plain")
      logger[metadataKey: "request"] = "GET-12"
      logger.warning("answered", metadata: ["status": "200", "ms": "3"])
      logger.error("failed", metadata: ["why": "two words"])
    }
    #expect(lines.count == 3)
    let time = "2026-01-01T00:00:00.123Z"
    for line in lines { #expect(line.utf8.count > time.utf8.count) }
    #expect(
      lines.map { $0.dropFirst(time.count) } == [
        " INFO  worker1 http plain",
        " WARN  worker1 http [request=GET-12] answered ms=3 status=200",
        " ERROR worker1 http [request=GET-12] failed why=\"two words\"",
      ])
  }

  @Test func jsonLinesHaveTheirParts() throws {
    let lines = try Self.lines(.json) { logger in
      logger[metadataKey: "request"] = "GET-12"
      logger.info("a \"b\"\n\u{1}", metadata: ["ms": "3", "request": "own"])
    }
    #expect(lines.count == 1)
    let line = try #require(lines.first)
    #expect(line.hasPrefix("{\"time\":\""))
    let expected =
      #""level":"info","instance":"worker1","logger":"http","#
      + #""message":"a \"b\"\n\u0001","fields":{"ms":"3","request":"own"}}"#
    #expect(line.hasSuffix(expected))
  }

  @Test(arguments: LogFormat.allCases)
  func whatARecordHoldsNeverBreaksItsLine(_ format: LogFormat) throws {
    let evil = "a\nb\r\u{1B}[31m\u{7F}\" \\ é"
    let lines = try Self.lines(format) { logger in
      logger[metadataKey: "standing"] = "\(evil)"
      logger.info("\(evil)", metadata: ["\(evil)": "\(evil)"])
      logger.info("long", metadata: ["x": "\(String(repeating: "y", count: 100_000))"])
    }
    #expect(lines.count == 2)
    #expect(!lines[0].utf8.contains { $0 < 0x20 || $0 == 0x7F })
    #expect(lines[1].utf8.count < 10_000)
  }

  @Test func theLevelChangesAtRunTime() throws {
    let levels = LogLevels(.info)
    let lines = try Self.lines(.text, levels: levels) { logger in
      logger.debug("one")
      levels.current = .debug
      logger.debug("two")
      logger.logLevel = .error
      logger.info("three")
      levels.current = .trace
      logger.info("four")
    }
    #expect(lines.count == 1)
    #expect(lines.first?.hasSuffix("two") == true)
    #expect(levels.current == .trace)
  }

  @Test func errorsOfRecordsAreShown() throws {
    let lines = try Self.lines(.text) { $0.error("failed", error: Odd()) }
    #expect(lines.first?.hasSuffix("failed error=Odd()") == true)
  }

  @Test(arguments: [
    (Int64(0), "1970-01-01T00:00:00.000Z"),
    (1_767_225_600_123, "2026-01-01T00:00:00.123Z"),
    (1_709_164_799_009, "2024-02-28T23:59:59.009Z"),
    (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
  ])
  func timesAreUTC(milliseconds: Int64, text: String) {
    var line: [UInt8] = []
    LogTimestamp.append(milliseconds, to: &line)
    #expect(String(decoding: line, as: UTF8.self) == text)
  }

  @Test func linesOfManyThreadsStayWhole() async throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let (reading, writing) = (ends[0], ends[1])
    let reader = Task {
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65536)
      while true {
        let count = read(reading, &buffer, buffer.count)
        guard count > 0 else { break }
        bytes += buffer[..<count]
      }
      return String(decoding: bytes, as: UTF8.self)
    }
    let sink = LogSink(descriptor: writing)
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<20 {
        group.addTask {
          for _ in 0..<50 {
            sink.write { $0.append(contentsOf: String(repeating: "\(number),", count: 300).utf8) }
          }
        }
      }
    }
    close(writing)
    let lines = await reader.value.split(separator: "\n")
    close(reading)
    #expect(lines.count == 1000)
    #expect(lines.allSatisfy { Set($0.split(separator: ",")).count == 1 })
  }
}
