/// How a record becomes a line.
package enum LogFormat: String, Sendable, CaseIterable {
  case json, text
}
