/* SPDX-License-Identifier: MIT */
    .section .rodata
    .globl aw_view_page_html, aw_view_page_css, aw_view_page_js
aw_view_page_html:
    .incbin "harness/view/page.html"
    .byte 0
aw_view_page_css:
    .incbin "harness/view/page.css"
    .byte 0
aw_view_page_js:
    .incbin "harness/view/page.js"
    .byte 0
    .section .note.GNU-stack, "", @progbits
