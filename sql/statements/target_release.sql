select meta.target_release()
