package import HTTPServing
package import Streams

extension OwnerError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .refused(let status, let code, let reason):
      MatrixError(status: status, code: ErrorCode(rawValue: code) ?? .unknown, message: reason)
    case .unavailable: .unavailable()
    }
  }
}
