import NIOSSL
import Synchronization

/// The certificate that new connections get; it can be read again from its files.
final class TLSCertificates: Sendable {
  private let files: ListenerConfiguration.TLSFiles
  private let current: Mutex<NIOSSLContext>

  /// - Throws: `ListenerError.certificate`
  init(_ files: ListenerConfiguration.TLSFiles) throws {
    self.files = files
    current = Mutex(try Self.load(files))
  }

  var context: NIOSSLContext { current.withLock { $0 } }

  /// Keeps the old certificate when the files are not good.
  /// - Throws: `ListenerError.certificate`
  func reload() throws {
    let fresh = try Self.load(files)
    current.withLock { $0 = fresh }
  }

  private static func load(_ files: ListenerConfiguration.TLSFiles) throws -> NIOSSLContext {
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMFile(files.certificatePath)
    } catch {
      throw ListenerError.certificate(path: files.certificatePath, reason: "\(error)")
    }
    do {
      let key = try NIOSSLPrivateKey(file: files.privateKeyPath, format: .pem)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      configuration.minimumTLSVersion = .tlsv12
      configuration.applicationProtocols = ["http/1.1"]
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw ListenerError.certificate(path: files.privateKeyPath, reason: "\(error)")
    }
  }
}
