import Glibc
import Logging
import TestKit
import Testing

@testable import WorkerRuntime

/// What was logged.
private struct Recorder: LogHandler {
  let lines: Locked<[(level: Logger.Level, text: String)]>
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.debug

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let text = "\(event.message) \(event.metadata?["limit"] ?? "")"
    lines.withLock { $0.append((event.level, text)) }
  }
}

struct DescriptorLimitTests {
  private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)

  private func limits() -> rlimit {
    var limit = rlimit()
    #expect(getrlimit(Self.resource, &limit) == 0)
    return limit
  }

  @Test func theSoftLimitBecomesTheHardOne() throws {
    let found = limits()
    var lowered = found
    lowered.rlim_cur = found.rlim_max / 2
    #expect(setrlimit(Self.resource, &lowered) == 0)
    let raised = try #require(DescriptorLimit.raise())
    #expect(raised.before == UInt64(found.rlim_max / 2))
    #expect(raised.current == UInt64(found.rlim_max))
    #expect(limits().rlim_cur == found.rlim_max)
  }

  @Test(arguments: [
    (DescriptorLimit.advisedMinimum - 1, Logger.Level.warning),
    (DescriptorLimit.advisedMinimum, .info),
  ])
  func aLowLimitIsWarnedOf(_ limit: UInt64, _ level: Logger.Level) {
    let lines = Locked<[(level: Logger.Level, text: String)]>([])
    let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
    DescriptorLimit(current: limit, before: 256).log(to: logger)
    let logged = lines.withLock { $0 }
    #expect(logged.map(\.level) == [level])
    #expect(logged.first?.text.hasSuffix(" \(limit)") == true)
  }
}
