import HTTPServing
import TestKit

extension TemporaryFolder {
  var certificate: ListenerConfiguration.TLSFiles {
    ListenerConfiguration.TLSFiles(
      certificatePath: file("cert.pem"), privateKeyPath: file("key.pem"))
  }

  /// Writes a self-signed certificate of the name for `localhost` and its key.
  func makeCertificate(_ name: String) throws {
    try Subprocess.run(
      [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", "/CN=\(name)",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", file("key.pem"), "-out", file("cert.pem"),
      ], log: file("openssl.log"))
  }
}
