select meta.renew_placed(:layer, :target)
