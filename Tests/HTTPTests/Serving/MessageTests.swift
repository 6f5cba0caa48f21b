import MatrixJSON
import Testing

@testable import HTTPServing

@Suite struct MessageTests {
  @Test(arguments: [
    ("Bearer abc", "", "abc"),
    ("bearer abc", "", "abc"),
    ("Bearer   abc", "", "abc"),
    ("Bearer ", "", nil),
    ("Basic abc", "", nil),
    ("Bearer", "", nil),
    (nil, "access_token=abc", "abc"),
    (nil, "access_token=", nil),
    (nil, "", nil),
    ("Bearer abc", "access_token=def", "abc"),
  ])
  func findsTheToken(header: String?, query: String, token: String?) {
    let headers = header.map { [("AUTHORIZATION", $0)] } ?? []
    let request = Request(method: .get, path: "/", query: query, headers: headers)
    #expect(request.bearerToken == token)
  }

  @Test(arguments: [
    ("", nil), ("{}", nil), (" { } ", nil),
    ("[]", ErrorCode.badJSON), ("1", .badJSON), ("null", .badJSON),
    ("{", .notJSON), ("nonsense", .notJSON), ("{}x", .notJSON), ("{\"a\":\"\\ud800\"}", .notJSON),
  ])
  func readsObjects(body: String, code: ErrorCode?) {
    let request = Request(method: .post, path: "/", body: Array(body.utf8))
    do {
      _ = try request.json()
      #expect(code == nil)
    } catch {
      #expect(error.code == code)
      #expect(error.status == 400)
    }
  }

  @Test func refusesBytesThatAreNoText() {
    let request = Request(
      method: .post, path: "/", body: Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8))
    #expect(throws: MatrixError.notJSON()) { try request.json() }
  }

  @Test func readsTypedMembers() throws {
    let body = #"{"s":"x","i":3,"b":true,"o":{},"a":["p","q"],"n":null,"mixed":["p",1]}"#
    let view = try Request(method: .post, path: "/", body: Array(body.utf8)).json()
    #expect(try view.requiredString("s") == "x")
    #expect(try view.requiredInteger("i") == 3)
    #expect(try view.optionalBool("b") == true)
    #expect(try view.requiredObject("o").kind == .object)
    #expect(try view.optionalStrings("a") == ["p", "q"])
    #expect(try view.optionalString("n") == nil)
    #expect(try view.optionalInteger("absent") == nil)
    #expect(throws: MatrixError.missingParam("absent")) { try view.requiredString("absent") }
    let wrong: [() throws -> Void] = [
      { _ = try view.requiredString("n") }, { _ = try view.requiredString("i") },
      { _ = try view.optionalString("i") }, { _ = try view.requiredInteger("s") },
      { _ = try view.optionalInteger("s") }, { _ = try view.optionalBool("s") },
      { _ = try view.requiredObject("a") }, { _ = try view.optionalObject("a") },
      { _ = try view.requiredArray("o") }, { _ = try view.optionalArray("o") },
      { _ = try view.optionalStrings("mixed") },
    ]
    for read in wrong {
      let error = #expect(throws: MatrixError.self) { try read() }
      #expect(error?.code == .badJSON)
    }
  }

  @Test func errorsBecomeAnswers() throws {
    let limited = Response(.limitExceeded(retryAfterMs: 1500))
    #expect(limited.status == 429)
    #expect(limited.headers.contains { $0 == ("Retry-After", "2") })
    let body = try JSONDocument(limited.body).root
    #expect(body["errcode"]?.string == "M_LIMIT_EXCEEDED")
    #expect(body["retry_after_ms"]?.integer == 1500)
    let soft = try JSONDocument(Response(.unknownToken(softLogout: true)).body).root
    #expect(soft["soft_logout"]?.bool == true)
    let wrong = Response(.methodNotAllowed([.get, .put]))
    #expect(wrong.status == 405)
    #expect(wrong.headers.contains { $0 == ("Allow", "GET, PUT") })
  }

  @Test func releasedDetailsAreGone() {
    let request = Request(
      method: .post, path: "/", headers: [("X-Name", "value")], body: [1, 2, 3])
    #expect(request.header("x-name") == "value")
    request.releaseDetails()
    #expect(request.header("x-name") == nil)
    #expect(request.body.isEmpty)
  }
}

@Suite struct RequestTargetTests {
  @Test(arguments: [
    ("/a/b?x=1&y", "/a/b", "x=1&y"), ("/a", "/a", ""), ("/a?", "/a", ""), ("/a#f?x", "/a", ""),
    ("/a?b#c", "/a", "b"), ("/a?b?c", "/a", "b?c"), ("?x", "/", "x"), ("", "/", ""), ("*", "*", ""),
    ("http://h:1/a?b", "/a", "b"), ("http://h", "/", ""), ("http://h?x", "/", "x"),
    ("/a://b/c", "/a://b/c", ""), ("//a/b", "//a/b", ""), ("h:443", "h:443", ""),
    ("/é", "/é", ""), ("/ﬁ", "/ﬁ", ""),
  ])
  func splits(uri: String, path: String, query: String) {
    let target = RequestTarget(uri)
    #expect(target?.path == path)
    #expect(target?.query == query)
  }

  @Test func replacedBytesAreNoText() {
    #expect(RequestTarget("/a\u{FFFD}b") == nil)
    #expect(RequestTarget("/ﬁﬂ?\u{FFFD}") == nil)
  }
}
