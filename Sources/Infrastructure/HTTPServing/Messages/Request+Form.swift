extension Request {
  /// The fields of an HTML form (`application/x-www-form-urlencoded`).
  /// - Throws: `M_UNKNOWN` for a body that does not decode.
  package func form() throws(MatrixError) -> QueryParameters {
    guard let text = String(validating: body, as: UTF8.self),
      let fields = QueryParameters(text)
    else { throw .badRequest("The form does not decode") }
    return fields
  }
}
