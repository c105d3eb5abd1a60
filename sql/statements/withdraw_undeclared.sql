call meta.withdraw_undeclared()
