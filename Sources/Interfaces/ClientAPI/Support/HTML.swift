/// Pages for people's browsers.
enum HTML {
  static let contentType = "text/html; charset=utf-8"
  /// Other sites must not lay a page under their own buttons.
  static let framingHeaders = [("X-Frame-Options", "SAMEORIGIN")]

  static func document(_ title: String, _ body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><title>\(title)</title>
    <meta name="viewport" content="width=device-width, initial-scale=1"></head>
    <body>
    \(body)
    </body></html>
    """
  }

  /// Safe between tags and in quoted attributes.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for letter in text.unicodeScalars {
      switch letter {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(letter)
      }
    }
    return escaped
  }
}
