/// Names of the upstreams.
enum Backend {
  static let inTurn = "apus_in_turn"
  static let byUser = "apus_by_user"
  static let byRoom = "apus_by_room"
  static let byOrigin = "apus_by_origin"
  static let main = "apus_main"
}

extension NginxConfiguration {
  /// Sends a request to an upstream by its method and path. Routes that go where the default
  /// goes are left out, as nginx tries the expressions one after the other.
  var requestMap: String {
    var lines = ["map \"$request_method $uri\" $apus_backend {", "    default \(Backend.inTurn);"]
    var seen: Set<String> = []
    for (backend, regex) in entries where seen.insert(regex).inserted {
      lines.append("    \"~\(regex)\" \(backend);")
    }
    lines.append("}")
    return lines.joined(separator: "\n")
  }

  /// The most frequent requests first.
  private var entries: [(backend: String, regex: String)] {
    let order: [(RouteSummary.Balancing, String)] = [
      (.user, Backend.byUser), (.room, Backend.byRoom), (.origin, Backend.byOrigin),
    ]
    var entries: [(String, String)] = []
    for (balancing, backend) in order {
      for route in served where route.balancing == balancing {
        entries += route.pathRegexes.map { (backend, request(route, $0)) }
      }
    }
    if main != nil {
      for route in routes where isForMainOnly(route) {
        entries += route.pathRegexes.map { (Backend.main, request(route, $0)) }
      }
    }
    return entries
  }

  /// The routes that the workers answer; main's own where there are no workers.
  private var served: [RouteSummary] {
    routes.filter { $0.servedBy.contains(workers.isEmpty ? .main : .genericWorker) }
  }

  private func isForMainOnly(_ route: RouteSummary) -> Bool {
    !workers.isEmpty && route.servedBy.contains(.main)
      && !route.servedBy.contains(.genericWorker)
  }

  /// Method and path in one expression; a client's `HEAD` goes where its `GET` goes.
  private func request(_ route: RouteSummary, _ path: String) -> String {
    var methods = route.methods
    if methods.contains("GET") { methods.append("HEAD") }
    let method = methods.count == 1 ? methods[0] : "(?:\(methods.joined(separator: "|")))"
    return "^\(method) " + path.drop { $0 == "^" }
  }

  /// Paths whose requests may wait for news, with the seconds until a silent worker is given up.
  private var longPolls: [(path: String, seconds: Int64)] {
    var seen: Set<String> = []
    return served.filter { $0.longestWait > .zero }.flatMap { route in
      let seconds = Self.readSeconds + route.longestWait.components.seconds
      return route.pathRegexes.map { (path: $0, seconds: seconds) }
    }
    .filter { seen.insert($0.path).inserted }
  }

  var server: String {
    var lines = ["server {"]
    lines += options.listen.map { "    listen \($0)\(isTLS ? " ssl http2" : "");" }
    lines.append("    server_name \(options.serverName);")
    if let certificate = options.certificate, let key = options.certificateKey {
      lines.append("    ssl_certificate \(certificate);")
      lines.append("    ssl_certificate_key \(key);")
    }
    lines += ["", proxySettings, ""]
    for (path, seconds) in longPolls {
      lines.append(
        """
            location ~ "\(path)" {
                proxy_pass http://$apus_backend;
                proxy_read_timeout \(seconds)s;
            }
        """)
    }
    lines += [fallbacks, "}"]
    return lines.joined(separator: "\n")
  }

  private var isTLS: Bool { options.certificate != nil && options.certificateKey != nil }

  private var proxySettings: String {
    """
        # Empty path segments have a meaning in Matrix.
        merge_slashes off;
        client_max_body_size \(options.maximumBodyBytes);
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_connect_timeout 5s;
        proxy_read_timeout \(Self.readSeconds)s;
        proxy_send_timeout \(Self.readSeconds)s;
        # Answers to a first sync are large.
        proxy_buffer_size 64k;
        proxy_buffers 32 64k;
        proxy_busy_buffers_size 128k;
        # A request is tried on another worker only where that cannot do it twice.
        proxy_next_upstream error timeout;
        proxy_next_upstream_tries 3;
        # nginx's own errors; those of Apus pass through.
        error_page 413 @apus_too_large;
        error_page 502 503 504 @apus_unavailable;
    """
  }

  private var fallbacks: String {
    """
        location / {
            proxy_pass http://$apus_backend;
        }
        location @apus_too_large {
            internal;
            default_type application/json;
            add_header Access-Control-Allow-Origin * always;
            return 413 '{"errcode":"M_TOO_LARGE","error":"The request is too large"}';
        }
        location @apus_unavailable {
            internal;
            default_type application/json;
            add_header Access-Control-Allow-Origin * always;
            return 502 '{"errcode":"M_UNKNOWN","error":"The server is not available"}';
        }
    """
  }
}
