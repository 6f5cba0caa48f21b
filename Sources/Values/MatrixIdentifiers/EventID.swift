/// An event. Opaque: the first room versions chose it, the later ones hash the event.
///
/// spec: appendices#event-ids
package struct EventID: MatrixIdentifier {
  package let text: String

  package init?(_ text: String) {
    guard text.utf8.count > 1, scanIdentifier(text, sigil: Sigil.event) != nil
    else { return nil }
    self.text = text
  }
}
