call meta.empty_staging(:layer)
