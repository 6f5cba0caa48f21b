extension Listener {
  /// Reads `listeners` or `worker_listeners`; listeners with errors are left out.
  static func list(_ key: String, in section: ConfigSection) -> [Listener] {
    let listeners = section.sections(key).compactMap { read($0) }
    reportCollisions(listeners, section.problems)
    return listeners
  }

  static func reportCollisions(_ listeners: [Listener], _ problems: ProblemList) {
    for (index, listener) in listeners.enumerated() {
      guard let other = listeners[..<index].first(where: listener.collides) else { continue }
      problems.error(
        listener.addressKey, other.addressKey, at: listener.location,
        "Two listeners ask for \(listener.addressText).", fix: "give one of them another")
    }
  }

  private static func read(_ section: ConfigSection) -> Listener? {
    section.accept(["tag", "additional_resources", "request_id_header", "worker_app"])
    guard let kind = kind(section), let address = address(section) else { return nil }
    let usesTLS = section.bool("tls") ?? false
    if usesTLS, case .unix = address {
      section.problems.error(
        section.name("tls"), section.name("path"), at: section.location,
        "A unix socket cannot use TLS.", fix: "remove `tls`, or use a port")
    }
    let listener = Listener(
      kind: kind, address: address, usesTLS: usesTLS,
      trustsForwardedFor: section.bool("x_forwarded") ?? false, resources: resources(section),
      name: section.path, location: section.location)
    section.reportUnknown()
    warnOfExposedReplication(listener, section)
    return listener
  }

  private static func kind(_ section: ConfigSection) -> Kind? {
    guard let type = section.string("type") else {
      section.problems.error(
        section.name("type"), at: section.location, "The listener has no type.",
        fix: "add `type: http`")
      return nil
    }
    if let kind = Kind(rawValue: type) { return kind }
    if type == "manhole" {
      section.problems.warning(
        section.name("type"), at: section.location(of: "type"),
        "There is no manhole; this listener is not opened.", fix: "remove the listener")
    } else {
      section.problems.error(
        section.name("type"), at: section.location(of: "type"),
        "The listener type \(type) is not known.", fix: "use `http` or `metrics`")
    }
    return nil
  }

  private static func address(_ section: ConfigSection) -> Address? {
    let path = section.string("path")
    let port = section.integer("port", in: 0...65535)
    let addresses =
      section.strings("bind_addresses") ?? section.string("bind_address").map { [$0] }
    switch (path, port) {
    case (nil, let port?):
      return .tcp(bindAddresses: addresses ?? defaultBindAddresses, port: port)
    case (let path?, nil): return .unix(path: path, mode: mode(section) ?? defaultSocketMode)
    case (nil, nil):
      if !section.has("port"), !section.has("path") {
        section.problems.error(
          section.name("port"), section.name("path"), at: section.location,
          "The listener has neither a port nor a socket path.", fix: "add `port:` or `path:`")
      }
    case (_?, _?):
      section.problems.error(
        section.name("port"), section.name("path"), at: section.location,
        "The listener has both a port and a socket path.", fix: "keep one of them")
    }
    return nil
  }

  /// `0660` is octal in YAML 1.1; `660` is what people write as well, and as a decimal number
  /// it would be no sensible mode.
  private static func mode(_ section: ConfigSection) -> UInt32? {
    guard let node = section.node("mode") else { return nil }
    let largest: Int64 = 0o777
    switch node.value {
    case .integer(let value) where (0...largest).contains(value): return UInt32(value)
    case .integer(let value):
      if let mode = UInt32(String(value), radix: 8), mode <= largest { return mode }
    case .string(let text):
      let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
      if let mode = UInt32(digits, radix: 8), mode <= largest { return mode }
    default: break
    }
    section.wrongType("mode", node, expected: "a file mode such as 0660")
    return nil
  }

  private static func resources(_ section: ConfigSection) -> Set<Resource> {
    var resources: Set<Resource> = []
    for resource in section.sections("resources") {
      resource.accept(["compress"])
      for name in resource.strings("names", orSingle: true) ?? [] {
        if let known = Resource(rawValue: name) {
          resources.insert(known)
        } else if name != "webclient" {
          section.problems.error(
            resource.name("names"), at: resource.location(of: "names"),
            "There is no resource \(name).",
            fix: Suggestion.hint(for: name, among: Resource.allCases.map(\.rawValue))
              ?? "use one of \(Resource.allCases.map(\.rawValue).joined(separator: ", "))")
        }
      }
      resource.reportUnknown()
    }
    return resources
  }

  /// Replication is for the fleet's own processes and has no encryption of its own.
  private static func warnOfExposedReplication(_ listener: Listener, _ section: ConfigSection) {
    guard case .tcp(let addresses, _) = listener.address,
      listener.resources.contains(.replication), listener.resources.count > 1,
      !addresses.allSatisfy(isLoopback)
    else { return }
    section.problems.warning(
      section.name("resources"), section.name("bind_addresses"), at: section.location,
      "Replication shares a listener with what the outside may reach.",
      fix: "give `replication` a listener of its own on an address that only workers reach")
  }

  private static func isLoopback(_ address: String) -> Bool {
    address == "localhost" || address == "::1" || address.hasPrefix("127.")
  }
}
