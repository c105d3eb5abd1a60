call meta.publish(:target, :at, cast(:manifest as jsonb))
