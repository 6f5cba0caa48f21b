import Glibc

enum Terminal {
  static func writeError(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }

  /// A password from standard input: asked for twice at a terminal, without showing it; else
  /// the first line.
  static func newPassword() throws -> String {
    guard isatty(STDIN_FILENO) == 1 else {
      guard let line = readLine(strippingNewline: true), !line.isEmpty else {
        throw Failure("There is no password on standard input.")
      }
      return line
    }
    let password = try hiddenLine("Password: ")
    guard !password.isEmpty else { throw Failure("An empty password is no password.") }
    guard try hiddenLine("The same again: ") == password else {
      throw Failure("The passwords differ.")
    }
    return password
  }

  private static func hiddenLine(_ prompt: String) throws -> String {
    _ = write(STDERR_FILENO, prompt, prompt.utf8.count)
    var settings = termios()
    guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
      throw Failure("The terminal cannot be set not to show the password.")
    }
    let before = settings
    settings.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
    defer {
      var restored = before
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &restored)
      writeError("")
    }
    guard let line = readLine(strippingNewline: true) else { throw Failure("No password.") }
    return line
  }
}
