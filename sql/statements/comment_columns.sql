call meta.comment_columns()
