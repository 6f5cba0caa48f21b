package struct MediaSection: Sendable {
  package var storePath = "media_store"
  /// Bytes. Also the bound that the proxy in front must let through.
  package var maximumUploadBytes: Int64 = 50 * 1024 * 1024
  package var urlPreviews = false
  package var enabled = true

  init(_ section: ConfigSection) {
    section.read("media_store_path", into: &storePath)
    section.readSize("max_upload_size", into: &maximumUploadBytes)
    section.read("url_preview_enabled", into: &urlPreviews)
    section.read("enable_media_repo", into: &enabled)
  }
}
