"""What each refusal says to the one who sent the delivery, in Thai and in English."""

from __future__ import annotations

from collections.abc import Mapping

from geo.states import Refusal
from schemas.models import Bilingual

MESSAGES: Mapping[str, tuple[str, str]] = {
    # the delivery is not what it says
    "file_empty": (
        "ไฟล์ว่างเปล่า กรุณาส่งไฟล์ที่มีข้อมูล",
        "The file is empty. Please send one with data in it.",
    ),
    "format_mismatch": (
        "เนื้อหาของไฟล์ไม่ตรงกับรูปแบบที่แจ้งไว้ กรุณาตรวจสอบชนิดไฟล์แล้วส่งใหม่",
        "The content is not of the declared format. Please check the type of file and send again.",
    ),
    "not_a_zip": (
        "ไฟล์ชื่อลงท้ายด้วย .zip แต่เนื้อหาไม่ใช่ไฟล์ zip กรุณาบีบอัดใหม่แล้วส่งอีกครั้ง",
        "The file is called .zip but is not a zip archive. Please compress it anew and send again.",
    ),
    "html_page": (
        "ไฟล์เป็นหน้าเว็บ ไม่ใช่ข้อมูล อาจดาวน์โหลดไม่สำเร็จหรือต้องเข้าสู่ระบบก่อน",
        "The file is a web page, not data: the download failed, or asks for a login.",
    ),
    "service_error": (
        "เซิร์ฟเวอร์ตอบกลับเป็นข้อความแจ้งข้อผิดพลาด ไม่ใช่ข้อมูล",
        "The server answered with an error message instead of data.",
    ),
    "incomplete_page": (
        "คำตอบจากเซิร์ฟเวอร์เป็นเพียงบางส่วน (exceededTransferLimit) ต้องดึงข้อมูลให้ครบทุกหน้า",
        "The server's answer is only a part (exceededTransferLimit); all pages are needed.",
    ),
    "too_many_files": (
        "ส่งมาหลายไฟล์ แต่รูปแบบนี้ใช้ไฟล์เดียว",
        "Several files were sent; this format is one file.",
    ),
    # pointers and entities
    "pointer_file": (
        "ไฟล์นี้ไม่ใช่ข้อมูล แต่สั่งให้โปรแกรมไปเปิดไฟล์หรือที่อยู่อื่น จึงไม่รับ กรุณาส่งตัวข้อมูลเอง",
        "The file is no data but tells programs to open others. Please send the data itself.",
    ),
    "crs_link": (
        "ระบบพิกัดในไฟล์เป็นลิงก์หรือระบุไม่ถูกต้อง กรุณาระบุเป็นชื่อ เช่น EPSG:32647",
        "The file's `crs` is a link or is malformed. Please give it by name, such as EPSG:32647.",
    ),
    "xml_entities": (
        "ไฟล์ XML มี DOCTYPE หรือ ENTITY ซึ่งไม่ปลอดภัย กรุณาส่งออกไฟล์ใหม่โดยไม่มีส่วนนี้",
        "The XML declares a DOCTYPE or ENTITY, which is not safe. Please export it without.",
    ),
    # zip archives
    "zip_broken": (
        "ไฟล์ zip เสียหายหรือมาไม่ครบ กรุณาบีบอัดแล้วส่งใหม่",
        "The zip archive is damaged or cut short. Please compress and send it again.",
    ),
    "zip_encrypted": (
        "ไฟล์ zip ใส่รหัสผ่านไว้ กรุณาส่งแบบไม่มีรหัสผ่าน",
        "The zip archive has a password. Please send it without one.",
    ),
    "zip_symlink": (
        "ไฟล์ zip มีลิงก์หรือไฟล์พิเศษอยู่ข้างใน จึงไม่รับ",
        "The zip archive holds a link or special file, and is not accepted.",
    ),
    "zip_unsafe_path": (
        "ชื่อไฟล์ใน zip ชี้ออกไปนอกโฟลเดอร์ จึงไม่รับ",
        "A name in the zip archive points outside its folder, and is not accepted.",
    ),
    "zip_nested": (
        "มีไฟล์บีบอัดซ้อนอยู่ใน zip กรุณาบีบอัดเพียงชั้นเดียว",
        "There is an archive inside the zip archive. Please compress once only.",
    ),
    "zip_duplicate_member": (
        "ใน zip มีไฟล์ชื่อซ้ำกัน (ไม่นับตัวพิมพ์เล็กใหญ่) จึงไม่ทราบว่าใช้ไฟล์ใด",
        "Two files in the zip archive have one name (but for case), so neither can be trusted.",
    ),
    "zip_too_many_members": (
        "ไฟล์ zip มีไฟล์ข้างในมากเกินไป",
        "There are too many files in the zip archive.",
    ),
    "zip_too_large": (
        "เมื่อคลายไฟล์แล้วมีขนาดใหญ่เกินกำหนด (ONEMAP_MAX_DELIVERY)",
        "The archive unpacks to more than is allowed (ONEMAP_MAX_DELIVERY).",
    ),
    "zip_content": (
        "ใน zip ต้องมีไฟล์ข้อมูลตามรูปแบบที่แจ้งไว้เพียงหนึ่งไฟล์",
        "The zip archive must hold exactly one data file of the declared format.",
    ),
    # containers
    "layer_not_named": (
        "ไฟล์มีหลายชั้นข้อมูลหรือหลายแผ่นงาน ต้องระบุว่าจะใช้ชั้นใด (container_layer)",
        "The file has several layers or sheets, or none; name the one to use (container_layer).",
    ),
    "layer_missing": (
        "ไม่พบชั้นข้อมูลหรือแผ่นงานที่ระบุไว้ อาจเปลี่ยนชื่อไปแล้ว",
        "The named layer or sheet is not in the file; perhaps it was renamed.",
    ),
    "too_many_layers": (
        "ไฟล์มีชั้นข้อมูลมากเกินไป กรุณาส่งเฉพาะชั้นข้อมูลที่ใช้",
        "The file has too many layers. Please send the one that is used.",
    ),
    "shapefile_missing": (
        "ไม่พบไฟล์ .shp",
        "There is no .shp file.",
    ),
    "shapefile_part_missing": (
        "shapefile ไม่ครบชุด ต้องมี .shp .shx และ .dbf",
        "The shapefile is not complete: .shp, .shx and .dbf are needed.",
    ),
    # cut and broken files
    "shapefile_truncated": (
        "shapefile เสียหายหรือมาไม่ครบ ไฟล์ในชุดไม่ตรงกัน กรุณาส่งใหม่ทั้งชุด",
        "The shapefile is damaged or cut: its parts do not agree. Please send all parts again.",
    ),
    "json_broken": (
        "ไฟล์ JSON ไม่สมบูรณ์หรือมาไม่ครบ กรุณาส่งใหม่",
        "The JSON is broken or cut short. Please send it again.",
    ),
    "xml_broken": (
        "ไฟล์ XML/KML ไม่สมบูรณ์หรือมาไม่ครบ กรุณาส่งใหม่",
        "The XML is broken or cut short. Please send it again.",
    ),
    "csv_unclosed_quote": (
        "เครื่องหมายคำพูดในไฟล์ CSV เปิดแล้วไม่ปิด ไฟล์อาจมาไม่ครบ ดูลำดับแถวในรายละเอียด",
        "A quotation mark in the CSV is never closed, or the file is cut; the detail has the row.",
    ),
    "geopackage_broken": (
        "ไฟล์ GeoPackage เสียหายหรือมาไม่ครบ กรุณาส่งใหม่",
        "The GeoPackage is damaged or cut short. Please send it again.",
    ),
    "geopackage_active": (
        "GeoPackage มีวิว ทริกเกอร์ หรือตารางเสมือน จึงไม่รับ กรุณาส่งออกเป็นตารางธรรมดา",
        "The GeoPackage has views, triggers or virtual tables. Please export plain tables.",
    ),
    "xlsx_broken": (
        "เปิดไฟล์ Excel ไม่ได้ ไฟล์อาจเสียหายหรือมีรหัสผ่าน",
        "The Excel file cannot be opened: it is damaged or has a password.",
    ),
    "xlsx_too_many_cells": (
        "แผ่นงาน Excel ใช้พื้นที่กว้างเกินไป อาจมีค่าหลงอยู่ในเซลล์ไกล ๆ กรุณาลบแล้วส่งใหม่",
        "The sheet's used area is too large; delete stray values in far cells and send again.",
    ),
    "encoding_unreadable": (
        "อ่านตัวอักษรในไฟล์ไม่ได้ กรุณาบันทึกเป็น UTF-8 แล้วส่งใหม่",
        "The text is in no known encoding. Please save it as UTF-8 and send again.",
    ),
    "rows_lost": (
        "จำนวนแถวที่อ่านได้ไม่เท่ากับจำนวนแถวในไฟล์ จึงไม่รับทั้งไฟล์",
        "Fewer or more rows were read than the file holds, so none of it is used.",
    ),
    "too_many_bad_rows": (
        "มีแถวที่อ่านไม่ได้มากเกินไป กรุณาตรวจสอบรูปแบบไฟล์แล้วส่งใหม่",
        "Too many rows cannot be read. Please check the file's format and send again.",
    ),
    "unreadable": (
        "เปิดไฟล์ไม่ได้ ไฟล์อาจเสียหาย กรุณาส่งใหม่",
        "The file cannot be opened; it may be damaged. Please send it again.",
    ),
    "too_large": (
        "ไฟล์มีขนาดใหญ่เกินกำหนด กรุณาแบ่งไฟล์",
        "The file is larger than is allowed. Please divide it.",
    ),
    "too_many_columns": (
        "ไฟล์มีคอลัมน์มากเกินไป แต่ละแถวควรใช้ชื่อคอลัมน์ชุดเดียวกัน กรุณาตรวจสอบแล้วส่งใหม่",
        "The file has too many columns. Rows should share their columns; please check and resend.",
    ),
    "too_deep": (
        "โครงสร้างของไฟล์ซ้อนกันหลายชั้นเกินไป กรุณาส่งออกไฟล์ใหม่โดยไม่ซ้อนโฟลเดอร์หรือรูปทรงลึกเช่นนี้",
        "The file is nested too deeply. Please export it with fewer levels within each other.",
    ),
    # the reader itself
    "reader_crashed": (
        "โปรแกรมอ่านไฟล์หยุดทำงานกะทันหันขณะอ่านไฟล์นี้ ไฟล์อาจเสียหาย",
        "The reader crashed on this file; it may be damaged. The bytes are kept.",
    ),
    "reader_timeout": (
        "อ่านไฟล์นานเกินเวลาที่กำหนด จึงหยุด",
        "Reading took longer than is allowed, and was stopped.",
    ),
    "reader_memory": (
        "การอ่านไฟล์นี้ใช้หน่วยความจำเกินกำหนด",
        "Reading this file needs more memory than is allowed.",
    ),
    "reader_failed": (
        "โปรแกรมอ่านไฟล์นี้ไม่สำเร็จ เก็บไฟล์ไว้ให้ผู้ดูแลระบบตรวจสอบแล้ว",
        "The reader failed on this file in a way it does not know; the bytes are kept.",
    ),
    "reader_report": (
        "ผลที่โปรแกรมอ่านไฟล์ส่งกลับมาไม่ถูกต้อง จึงไม่ใช้ข้อมูลจากไฟล์นี้ เก็บไฟล์ไว้ให้ผู้ดูแลระบบตรวจสอบแล้ว",
        "What the reader handed back is not in order; nothing of it is used. The bytes are kept.",
    ),
    "reader_unsafe": (
        "โปรแกรมอ่านไฟล์พบส่วนประกอบที่ไม่รู้จัก จึงไม่อ่านไฟล์นี้ กรุณาแจ้งผู้ดูแลระบบ",
        "The reader met a part of GDAL that it does not know, and read nothing. Tell the operator.",
    ),
}

MAX_DETAIL = 500


def refusal(code: str, detail: str) -> Refusal:
    """The refusal of a code with what is said of it; an unknown code is a failed reader's."""
    th, en = MESSAGES.get(code, MESSAGES["reader_failed"])
    return Refusal(code=code, message=Bilingual(th=th, en=en), detail=detail[:MAX_DETAIL])
