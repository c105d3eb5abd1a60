-- Comments on the registers themselves.
comment on schema staging is 'ว่าง: รุ่นก่อนหน้าพักข้อมูลระหว่างการนำเข้าไว้ที่นี่ / Empty: earlier versions kept rows on their way here';
comment on table meta.map is 'แผนที่ของฐานข้อมูลนี้ / The one map of this database';
comment on table meta.agency is 'หน่วยงานเจ้าของข้อมูล / Who publishes';
comment on table meta.layer is 'ชั้นข้อมูลที่ประกาศ / Declared layers';
comment on table meta.layer_column is 'ช่องข้อมูลของชั้นข้อมูล / Declared columns of the layers';
comment on table meta.source is 'แหล่งข้อมูลที่ประกาศ / Declared sources';
comment on table meta.standard_column is 'ช่องข้อมูลที่ทุกชั้นข้อมูลมี / Columns that every layer has';
comment on table meta.run is 'รอบการนำเข้าแต่ละครั้ง / Each try to bring a source in, with its counts';
comment on table meta.upgrade is 'การตัดสินใจต่อการปรับรุ่นโปรแกรมหนึ่งครั้ง / One decision for what one upgrade of the code changes';
comment on table meta.issue is 'ปัญหาที่พบในแต่ละรอบ / What was wrong, row by row';
comment on table meta.quarantined_row is 'แถวที่กักไว้ พร้อมค่าตามที่ส่งมา / Rows kept out, as they were delivered';
comment on table meta.filtered_row is 'แถวที่คัดออกตามที่ประกาศ / Rows dropped by a declared filter';
comment on table meta.lease is 'สิทธิ์เขียนชั้นข้อมูล / The right to write a layer';
comment on table meta.release is 'รุ่นที่เผยแพร่ / Published releases';
comment on table meta.pointer is 'ตัวชี้รุ่นปัจจุบัน / The one row that every reader follows';
comment on table meta.migration is 'การปรับโครงสร้างที่ใช้แล้ว / Applied migrations';

-- Columns: what the name does not say by itself. The others carry their table's word.
create or replace procedure meta.comment_columns()
language plpgsql as $$
declare
    words record;
begin
    for words in
        select format('%I.%I.%I', n.nspname, c.relname, a.attname) as name,
               coalesce(k.text, replace(a.attname, '_', ' ')) as text
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('meta', 'web')
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join (values
            ('map_id', 'แผนที่ / Map'),
            ('layer_id', 'ชั้นข้อมูล / Layer'),
            ('source_id', 'แหล่งข้อมูล / Source'),
            ('agency_id', 'หน่วยงาน / Agency'),
            ('run_id', 'รอบการนำเข้า / Run'),
            ('title_th', 'ชื่อภาษาไทย / Title in Thai'),
            ('title_en', 'ชื่อภาษาอังกฤษ / Title in English'),
            ('description_th', 'คำอธิบายภาษาไทย / Description in Thai'),
            ('description_en', 'คำอธิบายภาษาอังกฤษ / Description in English'),
            ('agency_th', 'หน่วยงานภาษาไทย / Agency in Thai'),
            ('agency_en', 'หน่วยงานภาษาอังกฤษ / Agency in English'),
            ('notice_th', 'ข้อความแจ้งภาษาไทย / Notice in Thai'),
            ('notice_en', 'ข้อความแจ้งภาษาอังกฤษ / Notice in English'),
            ('licence_th', 'สัญญาอนุญาตภาษาไทย / Licence in Thai'),
            ('licence_en', 'สัญญาอนุญาตภาษาอังกฤษ / Licence in English'),
            ('contact_role_th', 'ตำแหน่งที่ติดต่อ (ไทย) / Office to write to, in Thai'),
            ('contact_role_en', 'ตำแหน่งที่ติดต่อ (อังกฤษ) / Office to write to, in English'),
            ('message_th', 'ข้อความภาษาไทย / Message in Thai'),
            ('message_en', 'ข้อความภาษาอังกฤษ / Message in English'),
            ('reason', 'เหตุผล (อังกฤษ) / Reason in English'),
            ('reason_th', 'เหตุผล (ไทย) / Reason in Thai'),
            ('reason_en', 'เหตุผล (อังกฤษ) / Reason in English'),
            ('sample', 'เป็นข้อมูลตัวอย่างหรือไม่ / Is it invented sample data'),
            ('west', 'ลองจิจูดตะวันตก (องศา) / Western longitude, degrees'),
            ('south', 'ละติจูดใต้ (องศา) / Southern latitude, degrees'),
            ('east', 'ลองจิจูดตะวันออก (องศา) / Eastern longitude, degrees'),
            ('north', 'ละติจูดเหนือ (องศา) / Northern latitude, degrees'),
            ('setup_sha256', 'ลายนิ้วมือของคำประกาศและ SQL ที่ใช้ / Fingerprint of the declarations and SQL in force'),
            ('url', 'เว็บไซต์ / Web site'),
            ('role', 'บทบาทในแผนที่ / Part it plays in the map'),
            ('geometry', 'ชนิดรูปทรง / Kind of geometry'),
            ('style', 'การแสดงผล / How it is drawn'),
            ('sort_order', 'ลำดับการวาด / Order of drawing'),
            ('declared', 'ยังประกาศอยู่หรือไม่ / Is it still declared'),
            ('column_name', 'ช่องข้อมูล / Column'),
            ('position', 'ลำดับ / Order'),
            ('type', 'ชนิดข้อมูล / Type'),
            ('unit', 'หน่วย / Unit'),
            ('privacy', 'ชั้นความลับ / Privacy class'),
            ('in_tiles', 'อยู่ในไทล์หรือไม่ / Is it an attribute of the tiles'),
            ('as_of', 'วันที่ของเนื้อหา / Date of the content'),
            ('promise_days', 'รอบปรับปรุงที่หน่วยงานสัญญา (วัน) / Promised interval of updates, days'),
            ('late_told_at', 'เวลาที่แจ้งว่าเลยกำหนด / When it was told that new content is overdue'),
            ('details_pruned_at', 'เวลาที่ลบปัญหาและแถวที่กักไว้ของรอบนี้ / When its issues and rows were pruned'),
            ('snapshot_pruned_at', 'เวลาที่ลบไฟล์ที่ส่งมาของรอบนี้ / When the delivery was pruned'),
            ('files_pruned_at', 'เวลาที่ลบไฟล์ของรุ่นนี้ / When the files of the release were pruned'),
            ('looked_at', 'เวลาที่ไปดูแหล่งข้อมูลครั้งล่าสุด / When the source was looked at last'),
            ('looked_outcome', 'ผลของการดูครั้งล่าสุด / What came of the last look'),
            ('started_at', 'เวลาเริ่ม / Begun at'),
            ('finished_at', 'เวลาเสร็จ / Finished at'),
            ('outcome', 'ผล / Outcome'),
            ('evidence', 'หลักฐานของด่านตรวจ / What the gate saw'),
            ('snapshot_sha256', 'ลายนิ้วมือของแฟ้มที่ส่งมา / Fingerprint of the delivered bytes'),
            ('fetched_at', 'เวลาที่รับแฟ้ม / When the bytes were fetched'),
            ('declaration_sha256', 'ลายนิ้วมือของคำประกาศ / Fingerprint of the declarations used'),
            ('lineage', 'การอ่านและการแปลงพิกัดที่ใช้ / How it was read and which datum operation was used'),
            ('target_release', 'รุ่นที่เตรียมไว้ / Release it was loaded for'),
            ('rows_in', 'แถวที่ได้รับ / Rows received'),
            ('rows_published', 'แถวที่เผยแพร่ / Rows published'),
            ('rows_quarantined', 'แถวที่กักไว้ / Rows quarantined'),
            ('rows_filtered', 'แถวที่คัดออก / Rows filtered'),
            ('rows_at_area', 'แถวที่วางไว้ระดับพื้นที่ / Rows at an area'),
            ('rows_repaired', 'แถวที่ซ่อม / Rows repaired'),
            ('features_added', 'ที่เพิ่มขึ้น / Features added'),
            ('features_changed', 'ที่เปลี่ยน / Features changed'),
            ('features_removed', 'ที่หายไป / Features removed'),
            ('decided_by', 'ผู้ตัดสินใจ / Who decided'),
            ('decided_reason', 'เหตุผลของผู้ตัดสินใจ / Why'),
            ('decided_at', 'เวลาที่ตัดสินใจ / When'),
            ('deciding', 'สิ่งที่มีผลต่อการตัดสิน / What decided: declarations, codes, boundaries, versions'),
            ('reread', 'อ่านแฟ้มเดิมใหม่หรือไม่ / Is it the last accepted bytes, read again'),
            ('upgrade_id', 'การปรับรุ่นโปรแกรม / Upgrade of the code'),
            ('code', 'รหัสปัญหา / Issue code'),
            ('codes', 'รหัสปัญหา / Issue codes'),
            ('severity', 'ความรุนแรง / Severity'),
            ('responsible', 'ผู้ที่แก้ได้ / Who can mend it'),
            ('source_row', 'เลขแถวในแฟ้มต้นทาง / Row in the agency''s file'),
            ('value', 'ค่าตามที่ส่งมา / Value as delivered'),
            ('raw', 'แถวตามที่ส่งมา / The row as delivered'),
            ('token', 'ตั๋วของผู้ถือสิทธิ์ / Token of the holder'),
            ('holder', 'ผู้ถือสิทธิ์ / Holder'),
            ('backend_pid', 'การเชื่อมต่อของผู้ถือสิทธิ์ / Database session of the holder'),
            ('backend_start', 'เวลาเริ่มการเชื่อมต่อ / When that session began'),
            ('taken_at', 'เวลาที่ได้สิทธิ์ / When it was taken'),
            ('release', 'เลขรุ่น / Release number'),
            ('published_at', 'เวลาเผยแพร่ / When it was published'),
            ('manifest', 'บัญชีของรุ่น / Files, counts and sources of the release'),
            ('database_id', 'รหัสประจำฐานข้อมูล / Identity of this database'),
            ('only_one', 'มีได้แถวเดียว / There is one row only'),
            ('name', 'ชื่อแฟ้ม / File name'),
            ('sha256', 'ลายนิ้วมือ / Checksum'),
            ('applied_at', 'เวลาที่ใช้ / When it was applied'),
            ('definition', 'นิยาม / Definition'),
            ('ended_release', 'รุ่นที่แถวของรอบนี้สิ้นสุดลงเพราะไม่ประกาศแหล่งข้อมูลแล้ว / Release in which its rows ended, for the source was no longer declared')
        ) k (attname, text) on k.attname = a.attname
        where c.relkind in ('r', 'v')
          and col_description(a.attrelid, a.attnum) is distinct from coalesce(k.text, replace(a.attname, '_', ' '))
          and (n.nspname = 'meta' or c.relname in ('map', 'layer', 'layer_column', 'source', 'release'))
    loop
        execute format('comment on column %s is %L', words.name, words.text);
    end loop;
end $$;
