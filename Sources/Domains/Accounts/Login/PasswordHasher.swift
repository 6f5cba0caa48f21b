package import Executors
import MatrixCrypto

/// Hashes and checks passwords on threads of their own: one bcrypt takes as long as thousands of
/// requests.
package struct PasswordHasher: Sendable {
  private let rounds: Int
  private let pepper: String
  private let pool: BlockingPool

  package init(rounds: Int, pepper: String, pool: BlockingPool) {
    self.rounds = min(
      max(rounds, PasswordHash.roundsRange.lowerBound), PasswordHash.roundsRange.upperBound)
    self.pepper = pepper
    self.pool = pool
  }

  /// - Throws: `AccountError.unusablePassword` or `.overloaded`.
  func hash(_ password: String) async throws -> String {
    guard Self.isUsable(password) else { throw AccountError.unusablePassword }
    return try await onPool { [rounds, pepper] in
      try PasswordHash.hash(password: password, pepper: pepper, rounds: rounds)
    }
  }

  /// Takes as long for an account without a password as for one with, so that the time tells
  /// nothing about which accounts exist.
  func matches(_ password: String, _ hash: String?) async throws -> Bool {
    let usable = Self.isUsable(password)
    let candidate = usable ? password : ""
    let target = hash ?? Self.decoy(rounds: rounds)
    let equal = try await onPool { [pepper] in
      PasswordHash.verify(password: candidate, pepper: pepper, hash: target)
    }
    return equal && usable && hash != nil
  }

  /// bcrypt reads up to the first NUL: what follows it would not count.
  static func isUsable(_ password: String) -> Bool {
    !password.isEmpty && !password.utf8.contains(0)
      && password.unicodeScalars.count <= StorableText.passwordLimit
  }

  /// A well-formed hash of the configured cost that no known password has.
  private static func decoy(rounds: Int) -> String {
    let cost = rounds < 10 ? "0\(rounds)" : "\(rounds)"
    let salt = String(repeating: ".", count: 22)
    return "$2b$\(cost)$\(salt)\(String(repeating: "A", count: 31))"
  }

  private func onPool<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    do {
      return try await pool.run(work)
    } catch BlockingPoolError.overloaded {
      throw AccountError.overloaded
    }
  }
}
