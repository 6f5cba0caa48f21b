/// A complete answer, whatever its status.
package struct FetchResponse: Sendable {
  package let status: Int
  package let headers: [(String, String)]
  package let body: [UInt8]

  /// The first header of the name, without regard to case.
  package func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.0.lowercased() == wanted }?.1
  }
}
