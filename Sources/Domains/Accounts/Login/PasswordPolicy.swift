/// What new passwords must have, as an administrator wants it.
package struct PasswordPolicy: Sendable, Equatable {
  package enum Fault: Sendable, Equatable {
    case tooShort(minimum: Int)
    case noDigit
    case noSymbol
    case noLowerCase
    case noUpperCase
  }

  /// Unicode scalars; nil: no limit.
  package let minimumLength: Int?
  package let requiresDigit: Bool
  package let requiresSymbol: Bool
  package let requiresLowerCase: Bool
  package let requiresUpperCase: Bool

  package init(
    minimumLength: Int? = nil, requiresDigit: Bool = false, requiresSymbol: Bool = false,
    requiresLowerCase: Bool = false, requiresUpperCase: Bool = false
  ) {
    self.minimumLength = minimumLength
    self.requiresDigit = requiresDigit
    self.requiresSymbol = requiresSymbol
    self.requiresLowerCase = requiresLowerCase
    self.requiresUpperCase = requiresUpperCase
  }

  /// - Throws: `AccountError.unusablePassword` for what cannot be a password at all;
  ///   `.weakPassword`.
  func check(_ password: String) throws(AccountError) {
    guard PasswordHasher.isUsable(password) else { throw .unusablePassword }
    if let fault = fault(of: password) { throw .weakPassword(fault) }
  }

  func fault(of password: String) -> Fault? {
    if let minimumLength, password.unicodeScalars.count < minimumLength {
      return .tooShort(minimum: minimumLength)
    }
    let letters = password.unicodeScalars
    func misses(_ kind: (Unicode.Scalar.Properties) -> Bool) -> Bool {
      !letters.contains { kind($0.properties) }
    }
    if requiresDigit, misses({ $0.numericType != nil }) { return .noDigit }
    if requiresSymbol, !letters.contains(where: Self.isSymbol) { return .noSymbol }
    if requiresLowerCase, misses(\.isLowercase) { return .noLowerCase }
    if requiresUpperCase, misses(\.isUppercase) { return .noUpperCase }
    return nil
  }

  private static func isSymbol(_ letter: Unicode.Scalar) -> Bool {
    !letter.properties.isAlphabetic && letter.properties.numericType == nil
  }
}
