select meta.areas_fingerprint()
