/// Files and functions that a reader can hold in mind.
enum SizeRule {
  static let fileLines = 500
  static let testFileLines = 800
  static let functionLines = 70

  static func violations(in file: SourceFile) -> [Violation] {
    var violations: [Violation] = []
    let limit = file.isTest ? testFileLines : fileLines
    if file.lineCount > limit {
      violations.append(
        Violation(
          path: file.path, line: limit + 1,
          message: "\(file.lineCount) lines, of at most \(limit): split the file by what it does"))
    }
    for function in FunctionFinder.functions(in: file.code) where function.lines > functionLines {
      violations.append(
        Violation(
          path: file.path, line: function.line,
          message: "\(function.name) has \(function.lines) lines, of at most \(functionLines): "
            + "give its steps functions of their own"))
    }
    return violations
  }
}

/// Finds functions by their keyword and the braces after it, in masked code.
enum FunctionFinder {
  struct Function: Equatable {
    let name: String
    let line: Int
    /// From the line of the keyword to that of the closing brace.
    let lines: Int
  }

  private struct Open {
    let name: String
    let line: Int
    let depth: Int
  }

  static func functions(in code: String) -> [Function] {
    var functions: [Function] = []
    var open: [Open] = []
    var declared: (name: String, line: Int)?
    var braces = 0
    var parentheses = 0
    var word = ""
    var previous = ""
    var isMember = false
    var lastCharacter: Character = " "
    var line = 1
    for character in code + "\n" {
      if character.isLetter || character.isNumber || character == "_" {
        if word.isEmpty { isMember = lastCharacter == "." }
        word.append(character)
        lastCharacter = character
        continue
      }
      if !word.isEmpty {
        if !isMember, let name = declaration(previous, word), parentheses == 0 {
          declared = (name, line)
        }
        (previous, word) = (word, "")
      }
      lastCharacter = character
      switch character {
      case "(", "[": parentheses += 1
      case ")", "]": parentheses = max(0, parentheses - 1)
      case "{":
        if let (name, start) = declared, parentheses == 0 {
          open.append(Open(name: name, line: start, depth: braces))
          declared = nil
        }
        braces += 1
      case "}":
        braces -= 1
        if let last = open.last, last.depth == braces {
          open.removeLast()
          functions.append(Function(name: last.name, line: last.line, lines: line - last.line + 1))
        }
        if parentheses == 0 { declared = nil }
      case "\n": line += 1
      default: break
      }
    }
    return functions.sorted { $0.line < $1.line }
  }

  /// The name that a keyword and the word after it declare.
  private static func declaration(_ previous: String, _ word: String) -> String? {
    switch (previous, word) {
    case ("func", _): word
    case (_, "init"), (_, "deinit"), (_, "subscript"): word
    default: nil
    }
  }
}
