/// What has to belong to the events that a client asks for.
/// spec: client-server-api#filtering (`related_by_rel_types`, `related_by_senders`)
package struct RelatedBy: Sendable, Hashable {
  /// Of the relation; nil for any.
  let types: Set<String>?
  /// Of the event that belongs to the one that is wanted; nil for any.
  let senders: Set<String>?

  /// Nil when nothing has to.
  init?(_ part: FilterPart) throws(EventFilter.Problem) {
    types = try part.strings("related_by_rel_types").map { Set($0) }
    senders = try part.users("related_by_senders")
    if let types, types.contains(where: { $0.utf8.contains(0) }) {
      throw .malformed(part.path("related_by_rel_types"))
    }
    if types == nil, senders == nil { return nil }
  }
}
