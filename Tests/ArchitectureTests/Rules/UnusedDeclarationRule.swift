/// Declarations in Sources whose name stands nowhere else in Sources: nothing can use them, except
/// what calls them from outside. A name that is used for two things hides here, so what is found
/// is certain, and not everything is found. Cases of enumerations are left out: they are the words
/// of a protocol, or of a configuration.
enum UnusedDeclarationRule {
  struct Declaration: Hashable {
    let name: String
    let path: String
    let line: Int
  }

  /// What the language, swift-argument-parser, NIO and swift-metrics ask for by name.
  static let calledFromOutside: Set<String> = [
    "callAsFunction", "channelInactive", "channelRead", "channelReadComplete",
    "channelWritabilityChanged", "destroyCounter", "destroyFloatingPointCounter", "destroyMeter",
    "destroyRecorder", "destroyTimer", "errorCaught", "handlerAdded", "handlerRemoved", "logLevel",
    "makeCounter", "makeFloatingPointCounter", "makeMeter", "makeRecorder", "makeTimer",
    "userInboundEventTriggered", "validate", "InboundIn", "InboundOut", "OutboundIn",
    "OutboundOut",
  ]

  /// What federation and the background worker will call: complete and tested, but with nobody
  /// to call it until they are there.
  static let awaitingCallers: Set<String> = [
    "GraphStore", "backgroundTasksInstance", "federationSenders", "stateIDs", "verifyEd25519",
  ]

  /// What the tests of other modules need of a module.
  static let neededByTests: Set<String> = ["onAdvance", "requiredInteger", "runScript"]

  private static let keywords: Set<String> = [
    "func", "var", "let", "struct", "class", "enum", "actor", "protocol", "typealias",
  ]

  static func violations(
    in files: [SourceFile],
    except: Set<String> = calledFromOutside.union(awaitingCallers)
      .union(neededByTests)
  ) -> [Violation] {
    var counts: [String: Int] = [:]
    var declared: [String: [Declaration]] = [:]
    for file in files where !file.isTest {
      let words = words(of: file.code)
      for word in words { counts[word.text, default: 0] += 1 }
      for declaration in declarations(words, in: file) {
        declared[declaration.name, default: []].append(declaration)
      }
    }
    let unused = declared.filter { counts[$0.key] == $0.value.count && !except.contains($0.key) }
    return unused.values.joined().map { declaration in
      Violation(
        path: declaration.path, line: declaration.line,
        message: "nothing in Sources uses \(declaration.name): delete it, or move what only "
          + "tests use to their side")
    }
  }

  private struct Word {
    let text: String
    let line: Int
    /// Whether only spaces stand between this word and the one before.
    let followsDirectly: Bool
  }

  /// Functions, properties and types, but not the type at which a program starts.
  private static func declarations(_ words: [Word], in file: SourceFile) -> [Declaration] {
    words.indices.dropFirst().compactMap { index in
      let (keyword, name) = (words[index - 1], words[index])
      guard name.followsDirectly, keywords.contains(keyword.text) else { return nil }
      guard index < 2 || words[index - 2].text != "main" else { return nil }
      return Declaration(name: name.text, path: file.path, line: name.line)
    }
  }

  private static func words(of code: String) -> [Word] {
    var words: [Word] = []
    var (line, followsDirectly) = (1, false)
    var word: [UInt8] = []
    for byte in Array(code.utf8) + [UInt8(ascii: "\n")] {
      if isPartOfWord(byte) {
        word.append(byte)
        continue
      }
      if !word.isEmpty {
        let text = String(decoding: word, as: UTF8.self)
        words.append(Word(text: text, line: line, followsDirectly: followsDirectly))
        word.removeAll(keepingCapacity: true)
        followsDirectly = true
      }
      let isSpace = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n")
      if !isSpace, byte != UInt8(ascii: "`") { followsDirectly = false }
      if byte == UInt8(ascii: "\n") { line += 1 }
    }
    return words
  }

  private static func isPartOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: byte >= 0x80
    }
  }
}
