package import DeviceKeys
package import HTTPServing

extension DeviceKeyError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .missing(let place):
      .missingParam(place)
    case .malformed(let place, let expected):
      .badJSON("\(place) must be \(expected)")
    case .tooMany(let what, let limit):
      .invalidParam("Too many \(what): at most \(limit)")
    case .tooLarge(let place, let limit):
      .badRequest("\(place) is too long: at most \(limit) bytes", code: .tooLarge)
    case .unusableText(let place):
      .invalidParam("\(place) holds a character that is not allowed")
    case .notYours(let place):
      .invalidParam("\(place) is not yours: keys can only be uploaded for the device that asks")
    case .noDevice:
      .invalidParam("Keys can only be uploaded by a device, and this session has none")
    case .deviceIsGone:
      .unknownToken()
    case .keyExists(let name):
      .badRequest("One time key \(name) already exists. It has another value")
    }
  }
}
