; The installer for Windows: for one user, without administrator, with a menu entry, a desktop icon and file types; compiled by
; freezing/windows.py, which writes the three included files and defines
;   VERSION, NUMBERS (four of them), LICENCE, ICON, OUTPUT, INCLUDES (folder of the included files), INSTALLED_KIB

Unicode True
ManifestDPIAware true
RequestExecutionLevel user
SetCompressor /SOLID lzma

!include "MUI2.nsh"
!include "x64.nsh"
!include "WinVer.nsh"

!define NAME "Lycurgus"
!define KEY "Software\Lycurgus"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Lycurgus"
!define CLASSES "Software\Classes"

Name "${NAME} ${VERSION}"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\Lycurgus"
InstallDirRegKey HKCU "${KEY}" "Folder"
ShowInstDetails nevershow
ShowUninstDetails nevershow
BrandingText "${NAME} ${VERSION}"

VIProductVersion "${NUMBERS}"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installer of ${NAME}"
VIAddVersionKey "CompanyName" "The Lycurgus maintainers"
VIAddVersionKey "LegalCopyright" "MIT licence"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\lycurgus-gui.exe"
!define MUI_FINISHPAGE_RUN_TEXT "Start ${NAME}"
!define MUI_COMPONENTSPAGE_NODESC

!insertmacro MUI_PAGE_LICENSE "${LICENCE}"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; A type's former program is remembered, so that it can be given back.
!macro Associate EXTENSION CLASS LABEL
  WriteRegStr HKCU "${CLASSES}\${CLASS}" "" "${LABEL}"
  WriteRegStr HKCU "${CLASSES}\${CLASS}\DefaultIcon" "" "$INSTDIR\lycurgus-gui.exe,0"
  WriteRegStr HKCU "${CLASSES}\${CLASS}\shell\open\command" "" '"$INSTDIR\lycurgus-gui.exe" "%1"'
  WriteRegStr HKCU "${CLASSES}\${EXTENSION}\OpenWithProgids" "${CLASS}" ""
  ReadRegStr $0 HKCU "${CLASSES}\${EXTENSION}" ""
  StrCmp $0 "${CLASS}" +3
    WriteRegStr HKCU "${KEY}\Former" "${EXTENSION}" "$0"
    WriteRegStr HKCU "${CLASSES}\${EXTENSION}" "" "${CLASS}"
!macroend

; Given back only if nobody has given the type to another program meanwhile.
!macro Dissociate EXTENSION CLASS
  ReadRegStr $0 HKCU "${CLASSES}\${EXTENSION}" ""
  StrCmp $0 "${CLASS}" 0 +6
    ReadRegStr $1 HKCU "${KEY}\Former" "${EXTENSION}"
    StrCmp $1 "" 0 +3
      DeleteRegValue HKCU "${CLASSES}\${EXTENSION}" ""
      Goto +2
    WriteRegStr HKCU "${CLASSES}\${EXTENSION}" "" "$1"
  DeleteRegValue HKCU "${CLASSES}\${EXTENSION}\OpenWithProgids" "${CLASS}"
  DeleteRegKey /ifempty HKCU "${CLASSES}\${EXTENSION}\OpenWithProgids"
  DeleteRegKey HKCU "${CLASSES}\${CLASS}"
  ReadRegStr $0 HKCU "${CLASSES}\${EXTENSION}" ""
  StrCmp $0 "" 0 +2
    DeleteRegKey /ifempty HKCU "${CLASSES}\${EXTENSION}"
!macroend

!macro TellExplorer
  ; SHCNE_ASSOCCHANGED: file types have changed.
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
!macroend

Function .onInit
  ${IfNot} ${RunningX64}
    MessageBox MB_OK|MB_ICONSTOP "${NAME} needs a 64 bit Windows." /SD IDOK
    Abort
  ${EndIf}
  ${IfNot} ${AtLeastWin10}
    MessageBox MB_OK|MB_ICONSTOP "${NAME} needs Windows 10 or newer." /SD IDOK
    Abort
  ${EndIf}
FunctionEnd

Section "${NAME}" SECTION_PROGRAM
  SectionIn RO
  ; Files of an earlier version that this one no longer has must not stay; settings and results lie elsewhere.
  ReadRegStr $0 HKCU "${KEY}" "Folder"
  StrCmp $0 "" fresh
  IfFileExists "$0\uninstall.exe" 0 fresh
    ExecWait '"$0\uninstall.exe" /S _?=$0' $1
    IntCmp $1 0 fresh
    MessageBox MB_OK|MB_ICONSTOP "The earlier version could not be removed. Close ${NAME} and try again." /SD IDOK
    Abort
  fresh:
  !include "${INCLUDES}\install-files.nsh"
  SetOutPath "$INSTDIR"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${KEY}" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "${NAME}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\lycurgus-gui.exe"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "The Lycurgus maintainers"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" ${INSTALLED_KIB}
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\lycurgus-gui.exe"
SectionEnd

Section "Icon on the desktop" SECTION_DESKTOP
  CreateShortcut "$DESKTOP\${NAME}.lnk" "$INSTDIR\lycurgus-gui.exe"
SectionEnd

Section "Open micrographs by a double click (dm3, dm4, emd, ser, mrc)" SECTION_TYPES
  !include "${INCLUDES}\associate.nsh"
  !insertmacro TellExplorer
SectionEnd

Section "Uninstall"
  ; A program that runs holds its file: nothing is removed by halves.
  ClearErrors
  Delete "$INSTDIR\lycurgus-gui.exe"
  Delete "$INSTDIR\lycurgus.exe"
  IfErrors 0 +4
    MessageBox MB_OK|MB_ICONSTOP "${NAME} is running. Close it and try again." /SD IDOK
    SetErrorLevel 1
    Quit
  !include "${INCLUDES}\dissociate.nsh"
  !insertmacro TellExplorer
  Delete "$DESKTOP\${NAME}.lnk"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  ; File by file, and never a folder that holds anything else: somebody may have chosen one that was in use.
  !include "${INCLUDES}\remove-files.nsh"
  Delete "$INSTDIR\uninstall.exe"
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
  DeleteRegKey HKCU "${UNINSTALL_KEY}"
  DeleteRegKey HKCU "${KEY}"
SectionEnd
