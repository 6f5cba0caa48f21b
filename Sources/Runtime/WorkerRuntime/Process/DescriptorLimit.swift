import Glibc
import Logging

/// How many files and sockets the process may have open: one for each client that waits.
struct DescriptorLimit {
  /// Below this a worker of a small server can already run out: its long polls, the proxy's
  /// idle connections and the fleet's own all count.
  static let advisedMinimum: UInt64 = 4096

  /// What holds now.
  let current: UInt64
  /// What held when the process began.
  let before: UInt64

  /// Takes all that the system allows. The low limit that processes begin with is there for
  /// programs that use `select`, which this one does not.
  static func raise() -> DescriptorLimit? {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return nil }
    let before = UInt64(limit.rlim_cur)
    limit.rlim_cur = limit.rlim_max
    let isRaised = setrlimit(resource, &limit) == 0
    return DescriptorLimit(current: isRaised ? UInt64(limit.rlim_max) : before, before: before)
  }

  func log(to logger: Logger) {
    let metadata: Logger.Metadata = ["limit": "\(current)", "before": "\(before)"]
    if current < Self.advisedMinimum {
      logger.warning(
        "few files may be open, clients may be refused: raise the hard limit (LimitNOFILE)",
        metadata: metadata)
    } else {
      logger.info("files that may be open", metadata: metadata)
    }
  }
}
