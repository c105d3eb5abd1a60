select ids, hashes from meta.known_versions(:layer, :source, meta.target_release())
