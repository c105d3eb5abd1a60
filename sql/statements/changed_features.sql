select feature_id from meta.changed_features(:layer, :source)
