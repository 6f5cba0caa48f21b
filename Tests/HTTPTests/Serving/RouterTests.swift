import HTTPServing
import Testing

@Suite struct RouterTests {
  private static func route(_ id: String, _ method: HTTPMethod, _ patterns: String...) -> Route {
    Route(
      id: id, method: method, patterns: patterns, surface: .client, roles: [.main]
    ) { _ in .empty }
  }

  private static let routes = [
    route("sync", .get, "/_matrix/client/v3/sync", "/_matrix/client/r0/sync"),
    route("send", .put, "/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}"),
    route("putState", .put, "/_matrix/client/v3/rooms/{roomId}/state/{type}/{stateKey}"),
    route("getState", .get, "/_matrix/client/v3/rooms/{roomId}/state/{type}/{stateKey}"),
    route("getStateNoKey", .get, "/_matrix/client/v3/rooms/{roomId}/state/{type}"),
    route("members", .get, "/_matrix/client/v3/rooms/{roomId}/members"),
    route("literal", .get, "/a/b/x"),
    route("parameter", .get, "/a/{name}/y"),
    route("slash", .get, "/folder/"),
  ]

  private static func describe(_ match: Router.Match) -> String {
    switch match {
    case .found(let route, let parameters):
      ([route.id] + parameters.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    case .wrongMethod(let allowed):
      "405 " + allowed.map(\.rawValue).sorted().joined(separator: ",")
    case .unknown: "404"
    case .malformed: "400"
    }
  }

  @Test(arguments: [
    (HTTPMethod.get, "/_matrix/client/v3/sync", "sync"),
    (.get, "/_matrix/client/r0/sync", "sync"),
    (.head, "/_matrix/client/v3/sync", "sync"),
    (.get, "/_matrix/client/v3/%73ync", "sync"),
    (.post, "/_matrix/client/v3/sync", "405 GET"),
    (.get, "/_matrix/client/v3/sync/", "404"),
    (.get, "/_matrix/client/v3/", "404"),
    (.get, "//_matrix/client/v3/sync", "404"),
    (.get, "", "404"),
    (.get, "/", "404"),
    (.get, "*", "404"),
    (
      .put, "/_matrix/client/v3/rooms/!a:b/send/m.room.message/1",
      "send roomId=!a:b eventType=m.room.message txnId=1"
    ),
    (
      .put, "/_matrix/client/v3/rooms/%21a%3Ab%2Fc/send/m%2Ffoo/%25%32%46",
      "send roomId=!a:b/c eventType=m/foo txnId=%2F"
    ),
    (
      .put, "/_matrix/client/v3/rooms/!a+b/state/m.room.topic/",
      "putState roomId=!a+b type=m.room.topic stateKey="
    ),
    (.put, "/_matrix/client/v3/rooms/!a/state/m.room.topic", "405 GET"),
    (
      .get, "/_matrix/client/v3/rooms/!a/state/m.room.topic",
      "getStateNoKey roomId=!a type=m.room.topic"
    ),
    (.get, "/_matrix/client/v3/rooms//members", "members roomId="),
    (.get, "/_matrix/client/v3/rooms/%C3%A9/members", "members roomId=é"),
    (.get, "/_matrix/client/v3/rooms/%C3/members", "400"),
    (.get, "/_matrix/client/v3/rooms/%zz/members", "400"),
    (.get, "/_matrix/client/v3/rooms/%4/members", "400"),
    (.get, "/_matrix/client/v3/rooms/%/members", "400"),
    (.get, "/_matrix/client/v3/rooms/%00/members", "400"),
    (.get, "/a/b/x", "literal"),
    (.get, "/a/b/y", "parameter name=b"),
    (.get, "/a/c/y", "parameter name=c"),
    (.get, "/a/c/x", "404"),
    (.get, "/folder/", "slash"),
    (.get, "/folder", "404"),
  ])
  func findsTheRouteOfAPath(method: HTTPMethod, path: String, expected: String) throws {
    let router = try Router(Self.routes)
    #expect(Self.describe(router.match(method: method, path: path)) == expected)
  }

  @Test func refusesTheSameMethodAndPatternTwice() {
    #expect(throws: RouterError.self) {
      try Router([
        Self.route("one", .get, "/x/{a}/y"), Self.route("two", .get, "/x/{b}/y"),
      ])
    }
  }

  @Test(arguments: ["", "x", "/{}", "/{a}/{a}"])
  func refusesABadPattern(_ pattern: String) {
    #expect(throws: RouterError.badPattern(pattern)) {
      try Router([Self.route("bad", .get, pattern)])
    }
  }

  @Test func givesUpOnAPathOfVeryManySegments() throws {
    let router = try Router(Self.routes)
    let path = String(repeating: "/a", count: 10_000)
    #expect(Self.describe(router.match(method: .get, path: path)) == "404")
  }
}
