-- What each layer is, in words.
SELECT layer_id, description_th, description_en FROM web.layer
