import Testing

/// The rules on samples: each must catch what it is for, and leave the rest alone.
struct RuleTests {
  private func sample(_ text: String, path: String = "Sources/Domains/Rooms/Sample.swift")
    -> SourceFile
  {
    SourceFile(path: path, text: text)
  }

  @Test(arguments: [
    ("let a = 1 // try! it", "let a = 1           "),
    ("/* as! /* nested */ x */ let b = 2", "                         let b = 2"),
    ("let s = \"fatalError(\"", "let s = \"           \""),
    ("let s = \"a \\(try! f(\")\")) b\"", "let s = \"   (try! f(\" \"))  \""),
    ("let s = \"\\\"try!\"", "let s = \"      \""),
    ("let s = #\"a \" try! \\(x)\"# + y", "let s = #\"             \"# + y"),
    ("let s = #\"\\#(try! f())\"#", "let s = #\"  (try! f())\"#"),
    ("\"\"\"\n{ try! \" {\n\"\"\"", "\"\"\"\n          \n\"\"\""),
    ("let d = a / b // c", "let d = a / b     "),
  ])
  func commentsAndStringsAreBlank(text: String, code: String) {
    #expect(SwiftMask.code(of: text) == code)
  }

  @Test(arguments: [
    ("import Postgres", "Postgres"), ("package import Postgres", "Postgres"),
    ("@testable import Rooms", "Rooms"), ("@preconcurrency public import X", "X"),
    ("import struct NIOCore.ByteBuffer", "NIOCore"), ("  internal import Glibc ", "Glibc"),
  ])
  func importsAreFound(line: String, module: String) {
    #expect(ImportRule.imports(of: sample("\n\(line)\n")).map(\.module) == [module])
    #expect(ImportRule.imports(of: sample("// \(line)")).isEmpty)
  }

  @Test(arguments: [
    ("Sources/Domains/Rooms/A.swift", "import Sync", false),
    ("Sources/Domains/Rooms/A.swift", "import Accounts", true),
    ("Sources/Domains/Accounts/A.swift", "import Rooms", false),
    ("Sources/Domains/Rooms/A.swift", "import HTTPServing", false),
    ("Sources/Values/MatrixJSON/A.swift", "import Postgres", false),
    ("Sources/RoomLaw/RoomEvents/A.swift", "import Glibc", false),
    ("Sources/Infrastructure/Redis/A.swift", "import Foundation", false),
    ("Sources/Infrastructure/Redis/A.swift", "import Synchronization", true),
    ("Sources/Executables/apus-main/A.swift", "import Rooms", false),
    ("Sources/Domains/Unheard/A.swift", "let a = 1", false),
    ("Tests/RoomsTests/A.swift", "import Foundation", true),
  ])
  func importsAreJudged(path: String, text: String, isAllowed: Bool) {
    #expect(ImportRule.violations(in: sample(text, path: path)).isEmpty == isAllowed)
  }

  @Test func rowsAllowNoMoreThanIsImported() {
    let files = [
      sample("import Postgres\npackage import Streams\n"),
      sample("import Redis", path: "Tests/Rooms/A.swift"),
    ]
    let row = ImportRule.Row("Domains", "Rooms", "Postgres Streams Redis")
    let violations = UnusedImportRule.violations(in: files, table: [row])
    #expect(violations.count == 1)
    #expect(violations.first?.message.contains("Rooms does not import Redis") == true)
  }

  @Test func dependenciesAreImported() {
    let manifest = Manifest(
      """
      static let log = product("Logging", "swift-log")
      static let collections = product("Collections", "swift-collections")
      layer("Domains", "Rooms", ["Postgres", "Redis", Library.log, Library.collections]),
      tests("Rooms", ["Rooms", "TestKit"]),
      """)
    #expect(manifest.dependencies["Rooms"] == ["Postgres", "Redis", "Logging", "Collections"])
    let files = [
      sample("import Postgres\nimport DequeModule\n"),
      sample("@testable import Rooms", path: "Tests/RoomsTests/A.swift"),
    ]
    let messages = UnusedImportRule.violations(in: manifest, files: files).map(\.message)
    #expect(
      messages.map { String($0.prefix { $0 != ":" }) }.sorted() == [
        "Rooms does not import Logging", "Rooms does not import Redis",
        "RoomsTests does not import TestKit",
      ])
  }

  @Test(
    arguments: [
      ("func lonely() {}", ["lonely"]), ("func used() {}; let a = used()", ["a"]),
      ("/// lonely\nfunc lonely() { print(\"lonely\") }", ["lonely"]),
      ("let s = \"\\(t)\"; let t = s", []), ("struct `Odd` {}", ["Odd"]),
      ("func twice() {}; func twice(_ a: Int) {}", ["twice", "twice"]),
      ("@main struct Program {}", []), ("static func == (a: A, b: A) {}", []),
      ("enum Used { case a }; Used.a", []), ("func channelRead() {}", []),
    ] as [(String, [String])])
  func whatNothingUsesIsFound(text: String, names: [String]) {
    let violations = UnusedDeclarationRule.violations(in: [sample(text)])
    let found = violations.map { violation in
      String(violation.message.dropFirst("nothing in Sources uses ".count).prefix { $0 != ":" })
    }
    #expect(found.sorted() == names)
    // Only a test uses it: that does not count.
    let test = sample("lonely()", path: "Tests/RoomsTests/A.swift")
    #expect(UnusedDeclarationRule.violations(in: [sample(text), test]).count == names.count)
  }

  @Test(arguments: [
    ("try! f()", "try!"), ("let a = b as! C", "as!"), ("fatalError(\"x\")", "fatalError"),
    ("preconditionFailure()", "fatalError"), ("Task.detached { }", "Task.detached"),
    ("Task { await f() }", "Task without an executor"),
    ("let t = Task<Void, Never> { }", "Task without an executor"),
    ("Task(priority: .high) { }", "Task without an executor"),
    ("final class A: @unchecked Sendable {}", "@unchecked Sendable"),
    ("nonisolated(unsafe) var a = 1", "nonisolated(unsafe)"), ("import Foundation", "Foundation"),
    ("import FoundationEssentials", "Foundation"), ("print(\"x\")", "print"),
    ("// TODO later", "TODO"), ("/// FIXME", "TODO"),
    ("Thread.sleep(forTimeInterval: 1)", "blocking sleep"),
    ("usleep(5)", "blocking sleep"), ("DispatchQueue.main.async {}", "DispatchQueue"),
    ("@preconcurrency import X", "@preconcurrency"),
  ])
  func bannedConstructsAreFound(text: String, name: String) {
    let found = BannedRule.violations(in: sample("let a = 1\n\(text)\n"))
    #expect(
      found.count == 1 && found.allSatisfy { $0.line == 2 && $0.message.hasPrefix("\(name): ") })
    #expect(BannedRule.violations(in: sample(text, path: "Tests/RoomsTests/A.swift")).isEmpty)
  }

  @Test(arguments: [
    "try? f()", "try f()", "b as? C", "// fatalError(", "let s = \"try!\"", "a.print(b)",
    "footprint(b)", "Task(executorPreference: e) { }", "group.addTask { }", "Task.sleep(for: d)",
    "try await Task.sleep(for: .seconds(1))", "scheduleTask { }", "let todo = 1",
    "func asleep() {}",
    "if !true { }", "struct A: Sendable {}",
  ])
  func otherConstructsAreNot(text: String) {
    #expect(BannedRule.violations(in: sample(text)) == [])
  }

  @Test func exceptionsHoldForTheirFilesOnly() {
    let text = "final class A: @unchecked Sendable {}"
    let adapter = BannedRule.adapters[0]
    #expect(BannedRule.violations(in: sample(text, path: adapter)).isEmpty)
    #expect(
      BannedRule.violations(in: sample("print(1)", path: "Sources/Executables/apusctl/A.swift"))
        .isEmpty)
  }

  @Test func longFilesAreFound() {
    let text = String(repeating: "let a = 1\n", count: SizeRule.fileLines)
    #expect(SizeRule.violations(in: sample(text)).isEmpty)
    #expect(SizeRule.violations(in: sample(text + "let b = 1\n")).count == 1)
    #expect(SizeRule.violations(in: sample(text + "let b = 1", path: "Tests/A/B.swift")).isEmpty)
    let test = String(repeating: "let a = 1\n", count: SizeRule.testFileLines + 1)
    #expect(SizeRule.violations(in: sample(test, path: "Tests/A/B.swift")).count == 1)
  }

  @Test func longFunctionsAreFound() {
    func file(_ head: String, _ lines: Int) -> SourceFile {
      sample(
        "struct A {\n  \(head) {\n" + String(repeating: "    f(\"}\") // {\n", count: lines - 2)
          + "  }\n}\n")
    }
    for head in [
      "func f()", "init(a: Int)", "deinit", "subscript(a: Int) -> Int", "init?()",
      "func f(a: () -> Void = {}) async throws(E) -> Int where A == [B]",
    ] {
      #expect(SizeRule.violations(in: file(head, SizeRule.functionLines)) == [], "\(head)")
      let found = SizeRule.violations(in: file(head, SizeRule.functionLines + 1))
      #expect(found.map(\.line) == [2], "\(head)")
    }
  }

  @Test func functionsAreMeasuredByTheirBraces() {
    let code = """
      protocol P {
        func required()
        init()
      }
      struct A {
        var value: Int { 1 }
        func one() { two() }
        let made = A.init(); let list = { 1 }
        func outer() {
          func inner() {
            if a { b() }
          }
          inner()
        }
      }
      """
    #expect(
      FunctionFinder.functions(in: code) == [
        .init(name: "one", line: 7, lines: 1), .init(name: "outer", line: 9, lines: 6),
        .init(name: "inner", line: 10, lines: 3),
      ])
  }

  @Test func unusedFilesAreFound() {
    let manifest = Manifest(
      """
      layer("Domains", "Rooms", []), layer(
        "Values", "MatrixJSON", []), tests("Rooms", []), program("apusctl", []),
      .target(name: "TestKit", path: "Tests/TestKit")
      """)
    for path in [
      "Sources/Domains/Rooms/A.swift", "Sources/Values/MatrixJSON/Deep/A.swift",
      "Tests/RoomsTests/A.swift", "Tests/TestKit/A.swift", "Sources/Executables/apusctl/A.swift",
    ] {
      #expect(
        UnusedFileRule.violations(in: sample("let a = 1", path: path), manifest: manifest) == [])
    }
    for path in [
      "Sources/Domains/Room/A.swift", "Sources/Domains/RoomsOld/A.swift", "Sources/A.swift",
      "Tests/RoomTests/A.swift",
    ] {
      #expect(
        UnusedFileRule.violations(in: sample("let a = 1", path: path), manifest: manifest).count
          == 1)
    }
    for text in ["", "import Glibc\n", "// nothing\n"] {
      #expect(UnusedFileRule.violations(in: sample(text), manifest: manifest).count == 1)
    }
  }
}
