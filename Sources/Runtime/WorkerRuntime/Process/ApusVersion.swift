/// The version that programs print and answers carry.
package enum ApusVersion {
  package static let text = "0.1.0"
}
