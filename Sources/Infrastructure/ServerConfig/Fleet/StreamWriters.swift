/// The replication streams that `stream_writers` may hand to workers.
package enum WrittenStream: String, Sendable, CaseIterable {
  case events, typing, receipts, presence
  case toDevice = "to_device"
  case accountData = "account_data"
  case pushRules = "push_rules"
  case deviceLists = "device_lists"
  case threadSubscriptions = "thread_subscriptions"
  case quarantinedMedia = "quarantined_media"

  /// Streams whose facts have no natural shard.
  var takesOneWriter: Bool {
    switch self {
    case .typing, .presence, .pushRules: true
    default: false
    }
  }
}

/// Which instances write which stream; the main process where nothing is said.
package struct StreamWriters: Sendable {
  private var writers: [WrittenStream: [String]] = [:]

  package subscript(_ stream: WrittenStream) -> [String] {
    writers[stream] ?? [ProcessIdentity.mainName]
  }

  init(_ top: ConfigSection) {
    guard let section = top.optionalSection("stream_writers") else { return }
    section.accept(WrittenStream.allCases.map(\.rawValue))
    for stream in WrittenStream.allCases {
      guard let names = section.instanceNames(stream.rawValue, orSingle: true) else { continue }
      let key = section.name(stream.rawValue)
      let location = section.location(of: stream.rawValue)
      if names.isEmpty {
        section.problems.error(
          key, at: location, "Nobody writes the stream \(stream.rawValue).",
          fix: "name at least one instance, or remove the key so that main writes it")
      } else if stream.takesOneWriter, names.count > 1 {
        section.problems.error(
          key, at: location, "The stream \(stream.rawValue) can have one writer only.",
          fix: "keep one of \(names.joined(separator: ", "))")
      }
      writers[stream] = names
    }
    section.reportUnknown()
  }

  /// Whether an instance writes any of the streams beside events.
  func hasShare(_ instance: String) -> Bool {
    WrittenStream.allCases.contains { $0 != .events && self[$0].contains(instance) }
  }

  /// All instances that write something, main included only where it is named.
  var named: Set<String> { Set(writers.values.joined()) }

  var all: [(stream: WrittenStream, names: [String])] {
    WrittenStream.allCases.compactMap { stream in writers[stream].map { (stream, $0) } }
  }
}

extension ConfigSection {
  /// Names of processes; `master` is an older name of main. A name twice is an error, as the
  /// work is divided by the places in the list.
  func instanceNames(_ key: String, orSingle: Bool = false) -> [String]? {
    guard let texts = strings(key, orSingle: orSingle) else { return nil }
    var seen: Set<String> = []
    let names = texts.map { $0 == "master" ? ProcessIdentity.mainName : $0 }
    for name in names where !seen.insert(name).inserted {
      problems.error(
        self.name(key), at: location(of: key), "\(name) is in the list twice.",
        fix: "name each instance once")
    }
    return names
  }
}
