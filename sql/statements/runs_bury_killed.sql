update meta.run
set outcome = 'fault', finished_at = clock_timestamp(),
    reason = 'the run was killed; nothing of it was loaded',
    reason_th = 'รอบนี้ถูกหยุดกลางคัน ไม่มีข้อมูลใดถูกนำเข้า'
where layer_id = :layer and outcome = 'running'
